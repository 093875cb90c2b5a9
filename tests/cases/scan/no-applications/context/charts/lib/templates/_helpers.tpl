{{- define "lib.image" -}}never/this:1{{- end }}
