"""A scan beside the renderings that it cannot do without, with each Helm engine, and its growth with the charts.

Run by ``make bench``, or alone: ``python -m tests.benchmarks.scan``. The rendering alone is what the scan asked of the
engine, asked again, as many at once. Times are of the processor, the best of several runs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from action.discovery.charts.charts import WORKERS
from action.discovery.helm.choose import BinaryEngine, HelmEngine, LibraryEngine
from action.discovery.helm.engine import Release, RenderedTemplate
from action.discovery.scan import scan_context

FEW, MANY = 5, 40
SCAN_BESIDE_RENDERING = 1.5
GROWTH_BESIDE_LINEAR = 1.2
RUNS = 5

_HELPERS = """
{{- define "app.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
{{- define "app.render" -}}
{{- $text := typeIs "string" .value | ternary .value (.value | toYaml) -}}
{{- if contains "{{" (toJson .value) }}{{ tpl $text .root }}{{ else }}{{ $text }}{{ end -}}
{{- end }}
{{- define "app.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .image.registry -}}
{{- printf "%s/%s:%s" $registry .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end }}
"""
_WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-NUMBER
  labels: {{- include "app.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "app.labels" . | nindent 6 }}
  template:
    metadata:
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/config-NUMBER.yaml") . | sha256sum }}
      labels: {{- include "app.labels" . | nindent 8 }}
    spec:
      containers:
        - name: main
          image: {{ include "app.image" (dict "root" . "image" .Values.image) }}
          args: ["--reloader-image={{ include "app.image" (dict "root" . "image" .Values.reloader) }}"]
          resources: {{- toYaml .Values.resources | nindent 12 }}
          {{- range $probe := list "livenessProbe" "readinessProbe" "startupProbe" }}
          {{ $probe }}: {{- include "app.render" (dict "value" $.Values.probes "root" $) | nindent 12 }}
          {{- end }}
          env:
            {{- range $name := list "A" "B" "C" "D" "E" "F" "G" "H" }}
            - {name: {{ $name }}, value: {{ include "app.render" (dict "value" "{{ .Release.Name }}" "root" $) }}}
            {{- end }}
      {{- range $field := list "affinity" "nodeSelector" "tolerations" "topologySpreadConstraints" "hostAliases" }}
      {{- with get $.Values $field }}
      {{ $field }}: {{- include "app.render" (dict "value" . "root" $) | nindent 8 }}
      {{- end }}
      {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-NUMBER
  labels: {{- include "app.labels" . | nindent 4 }}
spec:
  selector: {{- include "app.labels" . | nindent 4 }}
  ports: {{- range $port := untilStep 8000 8020 1 }}
    - {name: p{{ $port }}, port: {{ $port }}}
  {{- end }}
"""
_CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config-NUMBER
  labels: {{- include "app.labels" . | nindent 4 }}
data:
  dashboard.json: {{ dict "title" .Release.Name "panels" (list) | toJson | quote }}
  rules.yaml: |
    {{- range $i := until 60 }}
    - alert: Alert{{ $i }}
      expr: 'rate(requests_total{job="{{ $.Release.Name }}"}[5m]) > {{ $i }}'
      for: {{ $i }}m
    {{- end }}
"""
_VALUES = """global: {imageRegistry: ""}
replicas: 2
image: {registry: quay.io, repository: team/NAME, tag: "1.2.3"}
reloader: {registry: quay.io, repository: team/reloader, tag: ""}
resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 100m, memory: 128Mi}}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]}}
probes: {httpGet: {path: "/{{ .Release.Name }}", port: 8000}, periodSeconds: 10}
"""


class Recorder:
    """An engine that remembers what it was asked, chart by chart."""

    def __init__(self, engine: HelmEngine) -> None:
        self.name = engine.name
        self.asked: dict[Path, list[Release]] = {}
        self._engine = engine
        self._lock = Lock()

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        with self._lock:
            self.asked.setdefault(chart, []).append(release)
        return self._engine.render(chart, release)


def main() -> int:
    """Print every figure; exit code 1 when a ratio is missed."""
    missed = False
    with tempfile.TemporaryDirectory(prefix="bench-scan-") as name:
        few, many = (_context(Path(name) / str(count), count) for count in (FEW, MANY))
        for title, make in _engines():
            missed |= _measure(title, make, few, many)
    return int(missed)


def _engines() -> list[tuple[str, Callable[[], HelmEngine]]]:
    program = shutil.which("helm")
    engines: list[tuple[str, Callable[[], HelmEngine]]] = []
    if importlib.util.find_spec("helm_python") is not None:
        engines.append(("helm-python-sdk", LibraryEngine))
    if program is not None:
        engines.append(("helm", lambda: BinaryEngine(program)))
    else:
        print("the program helm is missing: measured with helm-python-sdk only")
    return engines


def _measure(title: str, make: Callable[[], HelmEngine], few: Path, many: Path) -> bool:
    recorder = Recorder(make())
    images = len(scan_context(many, arch="amd64", engine=recorder).wanted)
    engine = make()
    scanning, rendering, small = _best(
        lambda: scan_context(many, arch="amd64", engine=engine),
        lambda: _render(recorder.asked, engine),
        lambda: scan_context(few, arch="amd64", engine=engine),
    )
    ratio = scanning / rendering
    growth = (scanning / MANY) / (small / FEW)
    renders = sum(map(len, recorder.asked.values()))
    print(f"{title}: {MANY} charts, {renders} renderings, {images} images")
    print(f"  scan / rendering alone:      {ratio:.2f}  (at most {SCAN_BESIDE_RENDERING})")
    print(f"  time per chart, {MANY} / {FEW}:     {growth:.2f}  (at most {GROWTH_BESIDE_LINEAR})")
    return ratio > SCAN_BESIDE_RENDERING or growth > GROWTH_BESIDE_LINEAR


def _render(asked: dict[Path, list[Release]], engine: HelmEngine) -> None:
    def one(chart: Path) -> None:
        for release in asked[chart]:
            engine.render(chart, release)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, asked))


def _best(*works: Callable[[], object]) -> list[float]:
    """The best time of each, in turns, so that a busy machine is busy for all."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for work, taken in zip(works, times, strict=True):
            start = _processor_time()
            work()
            taken.append(_processor_time() - start)
    return [min(taken) for taken in times]


def _processor_time() -> float:
    """Seconds of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def _context(root: Path, count: int) -> Path:
    """A build context of ordinary charts: workloads with their services, configuration, a values file."""
    for number in range(count):
        chart = root / "charts" / f"app{number}"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: app{number}\nversion: 1.0.0\nappVersion: 1.0.0\n")
        (chart / "values.yaml").write_text(_VALUES.replace("NAME", f"app{number}"))
        (chart / "templates" / "_helpers.tpl").write_text(_HELPERS)
        for part in range(8):
            (chart / "templates" / f"app-{part}.yaml").write_text(_WORKLOAD.replace("NUMBER", str(part)))
            (chart / "templates" / f"config-{part}.yaml").write_text(_CONFIG.replace("NUMBER", str(part)))
    return root


if __name__ == "__main__":
    sys.exit(main())
