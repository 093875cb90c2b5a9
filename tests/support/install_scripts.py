"""Install scripts made from a grammar of the shell's constructs, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

ENVIRONMENT = {"MODE": "ha", "EMPTY": "", "VERSION": "v1.2.3", "LIST": "one two", "COUNT": "3"}
"""What the image sets."""
FILES = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "charts/kid/Chart.yaml": "apiVersion: v2\nname: kid\nversion: 0.1.0\n",
    "values/a.yaml": "tag: placeholder\nname: a\n",
    "manifests/a.yaml": "image: nginx:TAG\n",
    "manifests/b.yaml": "image: redis:$VERSION\n",
    "deploy/kustomization.yaml": "resources: [pod.yaml]\n",
    "deploy/pod.yaml": "image: pod:1\n",
    "kustomization.yaml": "resources: [deploy]\n",
    "names.txt": "web\nkid\n",
    "lib.sh": 'LIB=from-lib\nlibrary() {\n  helm install "lib-$1" charts/web --set tag="${2:-none}"\n}\n',
    "sub/run.sh": (
        'cd "$(dirname "$0")"\nhelm install "sub-${1:-x}" ../charts/kid --set v="${VERSION#v}" --set own="${OWN-no}"\n'
    ),
}


@dataclass(slots=True)
class Script:
    """``undecided``: its course depends on what only the running shell knows."""

    text: str
    undecided: bool = False


@dataclass(slots=True)
class _Maker:
    random: random.Random
    number: int = 0
    undecided: bool = False
    functions: list[str] = field(default_factory=list)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def name(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def value(self) -> str:
        """A word that gives a value."""
        if self.random.random() < 0.06:
            return self.pick("$(date +%Y)", "`hostname`", '"$(kubectl get x)"', "$RANDOM")
        return self.pick(
            "plain", "'single quoted'", '"$VERSION"', "${VERSION#v}", "${VERSION%.*}", "${VERSION%%.*}", "${MODE^^}",
            "${UNSET:-default}", '"${EMPTY:-filled}"', "${EMPTY-kept}", "${VERSION//./-}", "${VERSION/v/V}",
            "$(echo echoed)", "$(basename charts/web)", "$(dirname a/b/c)", "$((COUNT + 2))", "${#MODE}", "a\\ b",
            "${VERSION:1:3}", "$(cat names.txt | head -n1)", '"$(cat names.txt)"', "${MODE:+set}", "x${V:=first}y",
            '"$MODE-$VERSION"', "$(printf '%s-%s' a b)", "`echo back`", "$'a\\tb'", '"$(echo "$(echo nested)")"',
            "${INNER:-${MODE}}", "{p,q}", "${VERSION,,}", "$(< names.txt)",
        )  # fmt: skip

    def install(self) -> str:
        name = self.name()
        flag = self.pick("--set tag=", "--set-string tag=", "--set=tag=")
        options = self.pick(
            "", "", " -n space", " --wait", " -f values/a.yaml", " --namespace=$MODE", " \\\n  --atomic"
        )
        prefix = self.pick("", "", "", "", "time ", "timeout 9 ", "nohup ", "X=1 ", "env Y=2 ", "command ", "! ")
        self.undecided |= prefix == "! "  # whether the installation succeeds
        chart = self.pick("charts/web", "./charts/kid", '"charts/$CHART"', "charts/web/")
        verb = self.pick("install", "install", "upgrade -i", "upgrade --install")
        chart = chart.replace("$CHART", "${CHART:-web}")
        return f"{prefix}helm {verb} {name} {chart} {flag}{self.value()}{options}"

    def apply(self) -> str:
        return self.random.choice(
            (
                lambda: "kubectl apply -f manifests/a.yaml",
                lambda: "kubectl apply -n x -f manifests",
                lambda: "kubectl apply -k deploy",
                lambda: "kubectl apply -k .",
                lambda: "kubectl apply -f manifests/a.yaml -f manifests/b.yaml --server-side",
                lambda: f"kubectl apply -f - <<EOF\nimage: here:{self.value_in_text()}\nEOF",
                lambda: "kubectl apply -f - <<'EOF'\nimage: literal:$VERSION\nEOF",
                lambda: "cat manifests/a.yaml | kubectl apply -f -",
                lambda: "kubectl create -f - < manifests/b.yaml",
                lambda: "kustomize build deploy | kubectl apply -f -",
                lambda: "kubectl kustomize deploy | kubectl apply -f -",
                lambda: "envsubst < manifests/b.yaml | kubectl apply -f -",
                lambda: 'sed "s/TAG/$VERSION/g" manifests/a.yaml | kubectl apply -f -',
                lambda: "sed -e 's/^image/image/' manifests/a.yaml | kubectl apply -f -",
                lambda: f"helm template {self.name()} charts/web --set t=$MODE | kubectl apply -f -",
                lambda: f"cat <<EOF | kubectl apply -f -\nimage: piped:{self.value_in_text()}\nEOF",
                lambda: 'echo "image: echoed:$VERSION" | kubectl apply -f -',
                lambda: "kubectl apply -f <(echo image: sub:1)",
                lambda: 'kubectl apply -f - <<< "image: string:$VERSION"',
                lambda: "kubectl run pod --image=nginx:${VERSION#v}",
                lambda: "kubectl set image deploy/x c=redis:$COUNT",
            )
        )()

    def value_in_text(self) -> str:
        return self.pick("$VERSION", "${VERSION#v}", "$(echo 7)", "${UNSET:-none}", "$MODE", "1")

    def written(self) -> str:
        file = f"made-{self.name()}.yaml"
        use = self.pick(f"kubectl apply -f {file}", f"helm install {self.name()} charts/web -f {file}")
        make = self.pick(
            f"cat > {file} <<EOF\ntag: $VERSION\nEOF",
            f"cat <<EOF > {file}\ntag: ${{MODE}}\nEOF",
            f"cat > {file} <<'EOF'\ntag: $VERSION\n\n  indented: 1\nEOF",
            f"echo 'tag: one' > {file}\necho \"name: $MODE\" >> {file}",
            f"tee {file} <<EOF >/dev/null\ntag: tee\nEOF",
            f"echo tag: x | tee {file} > /dev/null",
            f"{{ echo a: 1; echo b: 2; }} > {file}",
            f"cp values/a.yaml {file}\nsed -i 's/placeholder/done/' {file}",
            f"cp values/a.yaml {file}\nyq -i '.tag = \"x\"' {file}",
            f"sed 's/placeholder/'$VERSION'/' values/a.yaml > {file}",
            f"kubectl get x > {file}",
            f"printf 'tag: %s\\n' $LIST > {file}",
            f"cat <<-EOF > {file}\n\ttag: tabs\n\tEOF",
        )
        return f"{make}\n{use}"

    def test(self) -> str:
        if self.random.random() < 0.2:
            self.undecided = True
            return self.pick(
                "kubectl get ns yes", "! kubectl get ns no", "kubectl get ns no", "[ $(kubectl get x) = done ]"
            )
        return self.pick(
            '[ "$MODE" = ha ]', '[ -z "$EMPTY" ]', '[ -n "$EMPTY" ]', "[[ $MODE == h* ]]", "[[ $VERSION != v1* ]]",
            "[ $COUNT -gt 2 ]", "(( COUNT < 3 ))", "[[ -z $EMPTY && $MODE == ha ]]", "true", "false", "! false",
            'test "$MODE" = single', "[ -f values/a.yaml ]", "[ -d charts/web ]", '[ "$COUNT" -eq 3 -a "$MODE" = ha ]',
            "[[ $MODE == single || $COUNT -ge 3 ]]", '[ ! "$MODE" = ha ]', '[ "x$EMPTY" = "x" ]',
        )  # fmt: skip

    def block(self, depth: int) -> str:
        return "\n".join(self.statement(depth - 1) for _ in range(self.random.randint(1, 2)))

    def statement(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.25:
            return self.random.choice((self.install, self.install, self.apply, self.written))()
        return self.random.choice(
            (self._if, self._if, self._case, self._for, self._for, self._while, self._function, self._array, self._set,
             self._assigned, self._indirect, self._lists, self._grouped, self._fed, self._script, self._wrapped,
             self._loop_with_state)
        )(depth)  # fmt: skip

    def _if(self, depth: int) -> str:
        change = self.pick("CHART=kid", "V=second", ":", "MODE=single", "EXTRA='--set e=1'")
        text = f"if {self.test()}; then\n{change}\n{self.block(depth)}\n"
        if self.random.random() < 0.4:
            text += f"elif {self.test()}; then\n{self.block(depth)}\n"
        if self.random.random() < 0.5:
            text += f"else\nCHART=web\n{self.block(depth)}\n"
        return f"{text}fi\nhelm install {self.name()} charts/${{CHART:-web}} $EXTRA --set mode=$MODE"

    def _case(self, depth: int) -> str:
        subject = self.pick('"$MODE"', "$VERSION", "${COUNT}", '"$EMPTY"')
        return (
            f"case {subject} in\n  single|v2*) {self.block(depth)} ;;\n  ha|3) {self.block(depth)}\n ;;\n"
            f'  "") X=empty ;;\n  *) {self.block(depth)} ;;\nesac'
        )

    def _for(self, depth: int) -> str:
        name = self.name()
        body = f'helm install "{name}-${{i##*/}}" charts/web --set i="$i"'
        header = self.pick(
            "for i in a b", "for i in $LIST", "for i in {1..3}", 'for i in "$VERSION" "a b"', "for i in $(echo x y)",
            "for i in charts/*", "for i in manifests/*.yaml", "for i in $(cat names.txt)", "for ((i = 0; i < 3; i++))",
            "for i in $(seq 2)",
        )  # fmt: skip
        jump = self.pick("", "", '[ "$i" = b ] && break\n', '[ "$i" = a ] && continue\n')
        return f"{header}; do\n{jump}{body}\n{self.block(depth) if self.random.random() < 0.3 else ':'}\ndone"

    def _while(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f"while read -r l; do helm install {name}-$l charts/$l; done < names.txt",
            f"cat names.txt | while read -r l rest; do helm install {name}-$l charts/$l; done",
            f"until kubectl get ns yes; do sleep 0; done\n{self.block(depth)}",
            f"k=0\nwhile [ $k -lt 2 ]; do helm install {name}-$k charts/web; k=$((k + 1)); done",
            f"while IFS=, read -r a b; do helm install {name}-$a charts/web --set b=$b; done <<EOF\nx,1\ny,2\nEOF",
            f"while true; do helm install {name} charts/web; break; done",
        )

    def _loop_with_state(self, depth: int) -> str:
        name = self.name()
        self.undecided = True
        return self.pick(
            f"t=0\nuntil kubectl get ns yes; do t=$((t + 1)); done\nhelm install {name} charts/web --set t=$t",
            f"for f in $(kubectl get x); do helm install {name}-$f charts/web; done",
            f"kubectl get x | while read -r f; do helm install {name}-$f charts/web; done",
        )

    def _function(self, depth: int) -> str:
        name = f"f{self.name()}"
        body = self.pick(
            f'helm install "{name}-$1" "charts/${{2:-web}}" --set n=$#',
            f'local tag="$1" MODE=inner\nshift\nhelm install "{name}-$tag" charts/web --set rest="$*" --set m=$MODE',
            f'while [ $# -gt 0 ]; do\ncase "$1" in\n-n) ns="$2"; shift 2 ;;\n*) tag=$1; shift ;;\nesac\ndone\n'
            f'helm install {name}-${{tag}} charts/web -n "${{ns:-none}}"',
            f'for a in "$@"; do helm install {name}-$a charts/web; done',
            f'[ "$1" = b ] && return\nhelm install {name}-$1 charts/web --set m=$MODE',
            self.block(depth),
        )
        define = self.pick(f"{name}() {{", f"function {name} {{", f"{name} () {{")
        calls = [f"{name} {self.pick('a', 'b', '-n space a', 'a kid', 'b kid')}" for _ in range(2)]
        return f"{define}\n{body}\n}}\n" + "\n".join(calls)

    def _array(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f'ARGS=(--set a=1)\nARGS+=(--set "b=$MODE x")\nhelm install {name} charts/web "${{ARGS[@]}}"',
            f'A=(web kid)\nfor c in "${{A[@]}}"; do helm install {name}-$c charts/$c; done',
            f"declare -A M=([web]=1 [kid]=2)\nhelm install {name} charts/web --set v=${{M[web]}} --set n=${{#M[@]}}",
            f'A=(x y z)\nhelm install {name} charts/web --set i=${{A[1]}} --set l="${{A[*]:1}}"',
            f'read -ra A <<< "$LIST"\nhelm install {name}-${{A[1]}} charts/web',
            f"mapfile -t A < names.txt\nhelm install {name} charts/${{A[1]}}",
            f'A=(helm install {name} charts/web)\n"${{A[@]}}" --set x=y',
        )

    def _set(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f'set -- --set a=$MODE --set "b=1 2"\nhelm install {name} charts/web "$@"',
            f"set -- one two three\nshift\nhelm install {name}-$1 charts/web --set n=$#",
            f"set -euo pipefail\nset +eu\nhelm install {name} charts/web",
            f': "${{W:=$VERSION}}"\nhelm install {name} charts/web --set w=$W',
        )

    def _assigned(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f'O="--set a=1"\nO="$O --wait"\nO+=" --atomic"\nhelm install {name} charts/web $O',
            f'C="helm install {name} charts/web"\n$C --set a=b',
            f'export E={self.value()}\nhelm install {name} charts/web --set e="$E"',
            f"D=$(kubectl get x)\nhelm install {name} charts/web --set d=$D",
            f"P=VERSION\nhelm install {name} charts/web --set p=${{!P}}",
            f"N=$(if [ $MODE = ha ]; then echo 3; else echo 1; fi)\nhelm install {name} charts/web --set n=$N",
            f'give() {{ echo "$1-given"; }}\nhelm install {name} charts/web --set n=$(give $MODE)',
            f"unset MODE\nhelm install {name} charts/web --set n=x$MODE",
            f"q=1 r=2\n((q += 4))\nlet r=r*3\nhelm install {name} charts/web --set q=$q,r=$r",
            f"H=helm\n$H install {name} charts/web --set t=$MODE",
            f"F=$(mktemp)\necho tag: tmp > $F\nhelm install {name} charts/web -f $F",
        )

    def _indirect(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f'eval "helm install {name} charts/web --set m=$MODE"',
            f"eval 'helm install {name} charts/web --set m=$MODE'",
            f"bash -c 'helm install {name} charts/web --set m=$MODE'",
            f'bash -ec "helm install {name}-\\$1 charts/web" x y',
            f"bash <<EOF\nhelm install {name} charts/web --set m=$MODE\nEOF",
            f"bash -s one <<'EOF'\nhelm install {name}-$1 charts/web --set m=$MODE\nEOF",
            f"echo 'helm install {name} charts/web' | sh",
            f"cat names.txt | xargs -n1 helm install {name} --set x=y",
            f"cat names.txt | xargs -I{{}} helm install {name}-{{}} charts/{{}}",
            f"kubectl get x | xargs -n1 helm install {name}",
            f"find charts -mindepth 1 -maxdepth 1 -name web -exec helm install {name} {{}} \\;",
            f"echo 'helm install {name} charts/web' > go-{name}.sh\nbash go-{name}.sh",
            f"python3 -c 'import os; os.system(\"helm install {name} charts/web\")'",
            f"trap 'helm install {name} charts/web' EXIT",
            "istioctl install -y",
            "helmfile sync",
        )

    def _lists(self, depth: int) -> str:
        return self.pick(
            f"{self.test()} && {self.install()}",
            f"{self.test()} || {self.install()}",
            f"{self.test()} && K=yes || K=no\nhelm install {self.name()} charts/web --set k=$K",
            f"{self.install()} && {self.install()}",
            f"{self.install()} || true; {self.install()} &\nwait",
            f"false || {{ {self.install()}\n}}",
        )

    def _grouped(self, depth: int) -> str:
        return self.pick(
            f"(cd charts && helm install {self.name()} ./web --set p=$MODE)\n{self.install()}",
            f"cd charts\nhelm install {self.name()} kid\ncd ..\n{self.install()}",
            f"pushd charts >/dev/null\nhelm install {self.name()} web\npopd >/dev/null\n{self.install()}",
            f"{{\n{self.block(depth)}\n}} > log.txt 2>&1",
            f"(\nMODE=inner\n{self.block(depth)}\n)\nhelm install {self.name()} charts/web --set m=$MODE",
            f'cd "$(pwd)/charts" && helm install {self.name()} web && cd ..',
            f"{self.install()} | tee log.txt",
        )

    def _fed(self, depth: int) -> str:
        name = self.name()
        return self.pick(
            f"helm install {name} charts/web -f - <<EOF\ntag: $VERSION\nEOF",
            f"helm install {name} charts/web --values <(echo tag: sub)",
            f'read -r a b <<< "$LIST"\nhelm install {name} charts/web --set a=$a,b=$b',
            f"echo $LIST | {{ read -r a b; helm install {name} charts/web --set a=$b; }}",
            "kubectl get x | kubectl apply -f -",
            f"cat <<A > {name}.yaml && kubectl apply -f {name}.yaml\nimage: x:$COUNT\nA",
        )

    def _script(self, depth: int) -> str:
        return self.pick(
            ". ./lib.sh\nlibrary $MODE $LIB",
            "source lib.sh\nlibrary a",
            "bash sub/run.sh one",
            "OWN=yes bash sub/run.sh two",
            "OWN=lost; bash sub/run.sh",
            "export OWN=kept; bash sub/run.sh three",
            "sh ./sub/run.sh $VERSION",
        )

    def _wrapped(self, depth: int) -> str:
        name = f"w{self.name()}"
        define = self.pick(
            f'{name}() {{ "$@"; }}',
            f'{name}() {{ local n=0; until "$@"; do n=$((n + 1)); [ $n -gt 3 ] && return 1; done; }}',
            f'{name}() {{ echo "+ $*"; "$@" || exit 1; }}',
            f'{name}() {{ eval "$*"; }}',
            f'{name}() {{ echo "would run $*"; }}',
        )
        return f"{define}\n{name} helm install {self.name()} charts/web --set tag=$VERSION"


def script(seed: int) -> Script:
    """A script of a few statements."""
    maker = _Maker(random.Random(seed))  # noqa: S311 - it has to be repeatable
    text = "\n".join(maker.statement(3) for _ in range(maker.random.randint(1, 3)))
    return Script(f"#!/bin/bash\n{text}\n", maker.undecided)
