# Sourced by the scripts beside it. Gives them `need_venv`, which makes sure that .venv holds what
# they are about to run, and costs a few milliseconds when it already does.
# The caller sets `root`, the top of the checkout, first.
# shellcheck shell=sh

venv=${root:?}/.venv
stamp=$venv/robson.stamp # written last: which pins, from where
log=$venv/install.log
debian='Debian and Ubuntu: apt install python3 python3-venv'

# To stderr: stdout belongs to the program that is started afterwards.
say() {
    printf 'robson: %s\n' "$1" >&2
}

# 69 is EX_UNAVAILABLE of sysexits.h: something that we need is not there.
give_up() {
    say "$1"
    exit 69
}

# need_venv runtime|venue|dev - each holds all of the ones before it, which it serves, too.
need_venv() {
    kind=$1
    # Whatever decides what gets installed.
    key=$(cat "$root/pyproject.toml" "$root"/requirements/*.txt "$root/tools/venv.sh" | cksum)
    # In a subshell, because the working directory and the lock must not outlast the installation.
    stamped || (bring_up_to_date)
}

# Whether .venv was finished in this place, from these pins. The place counts because the programs
# in .venv/bin hold its full path.
stamped() {
    [ -x "$venv/bin/python" ] && [ -r "$stamp" ] || return 1
    {
        read -r stamped_kind
        read -r stamped_key
        IFS= read -r stamped_root
    } <"$stamp"
    [ "$stamped_root" = "$root" ] && [ "$stamped_key" = "$key" ] || return 1
    case $stamped_kind:$kind in
    "$kind:$kind" | dev:* | venue:runtime) ;;
    *) return 1 ;;
    esac
}

bring_up_to_date() {
    cd "$root" || exit
    # Two scripts started at once must not install over each other. (Without flock, as on macOS,
    # nothing keeps them apart.)
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$root/.venv.lock"
        flock -n 9 || {
            say "waiting for another installation into .venv ..."
            flock 9
        }
        if stamped; then
            return
        fi
    fi
    find_python
    make_venv
    say "installing Python packages into .venv, once (about half a minute) ..."
    rm -f "$stamp"
    choose_installer >"$log" 2>&1 ||
        give_up "$python has neither ensurepip nor pip, and there is no uv. $debian"
    # Two steps, because no hash can be given for a directory.
    if ! {
        install_with --require-hashes -r "requirements/$kind.txt" &&
            { [ "$kind" != dev ] || install_clients; } &&
            install_with --no-deps --no-build-isolation -e .
    } >>"$log" 2>&1; then
        tail -n 2 "$log" >&2
        give_up "the installation failed; above are its last words, the others are in $log"
    fi
    printf '%s\n' "$kind" "$key" "$root" >"$stamp"
}

# Sets `python`. Candidates are run, not just looked up: version managers leave commands on the
# path that only say that they are not installed.
find_python() {
    if [ -n "${ROBSON_PYTHON:-}" ]; then
        set -- "$ROBSON_PYTHON"
    else
        set -- python3 python3.13 python3.12 python3.11
    fi
    # Debian keeps ensurepip in a package of its own; choose_installer knows ways without it.
    for modules in "venv, ensurepip" "venv"; do
        for python in "$@"; do
            if usable "$python" "$modules"; then
                return
            fi
        done
    done
    give_up "no usable Python 3.11, 3.12 or 3.13 (tried: $*). $debian; macOS: brew install python@3.13"
}

# usable PYTHON MODULES
usable() {
    "$1" -c "import sys, $2; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" \
        >/dev/null 2>&1
}

# A venv that works is only brought up to date, also one made by hand. One that was moved here, or
# whose Python is gone, is made anew.
make_venv() {
    if [ -e "$venv" ] || [ -L "$venv" ]; then
        [ -f "$venv/pyvenv.cfg" ] || give_up "$venv is in the way: it is no Python venv. Move it away"
        made_in=$(sed -n 3p "$stamp" 2>/dev/null || printf '%s' "$root")
        if usable "$venv/bin/python" venv && [ "$made_in" = "$root" ]; then
            return
        fi
        rm -rf "$venv"
    fi
    "$python" -m venv --without-pip "$venv" || give_up "cannot make $venv"
}

# Sets `installer`.
choose_installer() {
    if "$venv/bin/python" -m pip --version || "$venv/bin/python" -m ensurepip; then
        installer=pip
    elif "$python" -m pip --python "$venv/bin/python" --version; then
        installer=outer-pip
    elif uv --version; then
        installer=uv
    else
        return 1
    fi
}

# Other people's clients, whom the tests put to the venue, in a folder of their own: what they pin is
# not to decide what we run on.
install_clients() {
    rm -rf "$venv/clients" &&
        install_with --require-hashes --target "$venv/clients" -r requirements/clients.txt
}

install_with() {
    case $installer in
    pip) set -- "$venv/bin/python" -m pip install --no-input --disable-pip-version-check "$@" ;;
    outer-pip) set -- "$python" -m pip --python "$venv/bin/python" install --no-input "$@" ;;
    uv) set -- uv pip install --python "$venv/bin/python" "$@" ;;
    esac
    "$@" --quiet
}
