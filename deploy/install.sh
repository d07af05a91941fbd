#!/bin/sh
# Installs the village hub on a Debian computer (12 or newer; Raspberry Pi OS too), from this folder.
#   sudo deploy/install.sh                 everything: run it again to bring a hub up to date
#   sudo deploy/install.sh STEP...         some of: packages user libraries programs config service
#   deploy/install.sh --prefix DIR STEP... under DIR, without touching the system (steps: libraries
#                                          programs config)
# Dockerfile takes the same steps.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
prefix=
if [ "${1:-}" = --prefix ]; then
    mkdir -p "$2"
    prefix=$(cd "$2" && pwd)
    shift 2
fi
programs=$prefix/opt/village-hub
settings=$prefix/etc/village-hub
data=$prefix/var/lib/village-hub
account=village-hub
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*"; }

stop() {
    say "$*" >&2
    exit 1
}

packages() { # Python's environments, and the broker; the broker runs as a child of the hub
    wanted=
    python3 -c 'import ensurepip, venv' 2>/dev/null || wanted="python3 python3-venv"
    command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || wanted="$wanted mosquitto"
    # shellcheck disable=SC2086  (a list of words)
    [ -z "$wanted" ] || "$source/scripts/debian-packages" $wanted
}

user() { # the hub's own account: no shell, no password, no home
    getent passwd "$account" >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir "$data" \
            --shell /usr/sbin/nologin "$account"
}

libraries() { # an environment with exactly the libraries of the lock file, checked by their hashes
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "Cần Python 3.11 trở lên. / Python 3.11 or newer is needed."
    mkdir -p "$programs"
    python3 -m venv "$programs"
    "$programs/bin/python" -m pip install --quiet --no-cache-dir --require-hashes \
        --requirement "$source/requirements/run.txt"
}

programs() { # the hub itself, as a wheel built in a folder of its own
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "$programs/bin/python" -m pip install --quiet --no-cache-dir --require-hashes \
        --target "$work/tools" --requirement "$source/requirements/build.txt"
    mkdir "$work/source"
    (cd "$source" && tar -cf - --exclude=./.git --exclude=./.venv --exclude=./node_modules \
        --exclude=./data --exclude=./build --exclude='*.egg-info' --exclude=__pycache__ .) |
        tar -xf - -C "$work/source"
    PYTHONPATH=$work/tools "$programs/bin/python" -m pip wheel --quiet --no-deps --no-index \
        --no-build-isolation --wheel-dir "$work" "$work/source"
    "$programs/bin/python" -m pip install --quiet --no-deps --no-index --force-reinstall \
        "$work"/village_hub-*.whl
    if [ -z "$prefix" ]; then
        ln -sf "$programs/bin/village-hub" /usr/local/bin/village-hub
    fi
}

config() { # the sample village to begin with; a configuration that stands is left alone
    mkdir -p "$settings" "$data"
    chmod 700 "$data"
    if [ ! -e "$settings/config.yaml" ]; then
        sed "s|^data: data\b|data: $data|" "$source/config.yaml" > "$settings/config.yaml"
        chmod 644 "$settings/config.yaml"
    fi
    if [ -z "$prefix" ] && getent passwd "$account" >/dev/null; then
        chown -R "$account:$account" "$data"
    fi
}

service() { # starts with the computer, and again after a failure
    install -m 644 "$source/deploy/village-hub.service" /etc/systemd/system/village-hub.service
    if [ ! -d /run/systemd/system ]; then
        say "Máy này không dùng systemd. / No systemd runs here: the service was not started."
        return
    fi
    systemctl daemon-reload
    systemctl enable --quiet village-hub.service
    systemctl restart village-hub.service
    say "Hub đã chạy. Đường dẫn đăng nhập: / The hub runs. A link to sign in:"
    say "    sudo -u $account village-hub sign-in-link --config $settings/config.yaml"
}

if [ $# -eq 0 ]; then
    [ -z "$prefix" ] || set -- libraries programs config
    [ -n "$prefix" ] || set -- packages user libraries programs config service
fi
for step in "$@"; do
    case $step in
        libraries | programs | config) ;;
        packages | user | service)
            [ -z "$prefix" ] || stop "With --prefix there is no step $step."
            [ "$(id -u)" = 0 ] || stop "Hãy chạy bằng sudo. / Run this with sudo." ;;
        *) stop "No such step: $step. See the first lines of deploy/install.sh." ;;
    esac
    say "village-hub: $step…"
    $step
done
