#!/bin/sh
# Makes .venv with the pinned packages of requirements.lock and the packages of this workspace.
# Run it as often as you like: it returns at once when nothing has changed, and repairs what was interrupted.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/setup.stamp

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# What the environment must look like: what is pinned, what the workspace declares, and where it stands.
fingerprint() {
    pwd
    cat requirements.lock pyproject.toml plugins/*/pyproject.toml scripts/setup.sh | cksum
}

is_current() {
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && "$venv/bin/python" -c '' 2>/dev/null
}

is_recent_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
brings_pip() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

find_python() {
    found=
    for candidate in python3 python3.11 python3.12 python3.13 python3.14; do
        if is_recent_python "$candidate"; then
            if brings_pip "$candidate"; then
                found=$candidate
                break
            fi
            found=${found:-$candidate}
        fi
    done
    echo "$found"
}

venv_package() {
    if [ "$1" = python3 ]; then echo python3-venv; else echo "$1-venv"; fi
}

install_venv_module() {
    package=$(venv_package "$1")
    say "installing $package with apt-get (it brings pip into virtual environments)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y "$package" >/dev/null 2>&1 </dev/null || {
        apt-get update -qq >/dev/null 2>&1 </dev/null && apt-get install -qq -y "$package" >/dev/null 2>&1 </dev/null
    }
}

make_venv() {
    python=$(find_python)
    [ -n "$python" ] || fail 'Python 3.11 or newer is needed; run: sudo apt-get install -y python3 python3-venv'
    if ! brings_pip "$python" && [ "$(id -u)" = 0 ] && has apt-get; then
        install_venv_module "$python" || true
    fi
    rm -rf "$venv"
    if brings_pip "$python"; then
        say "making $venv with $("$python" --version)"
        "$python" -m venv "$venv"
    elif has uv || "$python" -m pip --version >/dev/null 2>&1; then
        say "making $venv with $("$python" --version), without a pip of its own"
        "$python" -m venv --without-pip "$venv"
    else
        fail "the venv module is missing; run: sudo apt-get install -y $(venv_package "$python")"
    fi
}

# pip works on the environment from inside, or from outside where the environment has none.
run_pip() {
    if [ -e "$venv/bin/pip" ]; then
        "$venv/bin/python" -m pip "$@"
    else
        "$(find_python)" -m pip --python "$venv/bin/python" "$@"
    fi
}

# uv installs in seconds what takes pip a minute. It is one of the pinned packages itself.
find_uv() {
    if [ -x "$venv/bin/uv" ]; then
        echo "$venv/bin/uv"
    elif has uv; then
        command -v uv
    else
        awk '/^[^ #]/ { wanted = /^uv==/ } wanted' requirements.lock >"$venv/uv.lock"
        if run_pip install --quiet --require-hashes -r "$venv/uv.lock" >/dev/null 2>&1 </dev/null; then
            echo "$venv/bin/uv"
        fi
    fi
}

install_packages() {
    say 'installing the pinned packages of requirements.lock, checked by their hashes'
    uv=$(find_uv)
    if [ -n "$uv" ] && "$uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.lock 2>"$venv/uv.log"; then
        return
    fi
    say 'installing with pip, since uv cannot (this takes a minute)'
    run_pip install --quiet --require-hashes -r requirements.lock </dev/null || {
        [ ! -e "$venv/uv.log" ] || sed 's/^/uv: /' "$venv/uv.log" >&2
        fail 'the packages cannot be installed; the lines above say why. Is the package index reachable?'
    }
}

install_workspace() {
    say 'installing this workspace: the gateway and its plugins'
    set -- --quiet --no-deps --no-build-isolation -e .
    for plugin in plugins/*/; do
        set -- "$@" -e "./$plugin"
    done
    env -u UV_REQUIRE_HASHES "$venv/bin/uv" pip install --python "$venv/bin/python" "$@"
}

# Where the caller's shell keeps Python from writing down what it compiles, every process would compile thousands of files
# anew, seconds at each start. A package that brings files for another Python is no failure.
compile_all() {
    [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || return 0
    say 'compiling, since PYTHONDONTWRITEBYTECODE keeps Python from it later'
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" truffles_gateway plugins/*/truffles_* >/dev/null 2>&1 || true
}

if is_current; then
    exit 0
fi

# Two targets started at once must not build the same environment.
if has flock; then
    exec 9<scripts/setup.sh
    flock 9
    if is_current; then
        exit 0
    fi
fi

# What the caller's shell says about Python must not leak into the environment.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV || true
export PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_USER=0
# uv shall trust the certificates that the system trusts, as pip does: a company's own may be among them.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
if [ -z "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
    export UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1
fi

# Without a stamp an earlier run was interrupted, and with that of another place the folder was moved: start afresh.
if ! "$venv/bin/python" -c '' 2>/dev/null || [ "$(head -n 1 "$stamp" 2>/dev/null)" != "$(pwd)" ]; then
    make_venv
fi
rm -f "$stamp"
install_packages
install_workspace
compile_all
fingerprint >"$stamp"
say 'done'
