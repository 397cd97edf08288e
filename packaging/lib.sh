# shellcheck shell=bash
# What the scripts of packaging/ and tests/ share: telling, showing that a long step moves, installing what is
# missing. Sourced; everything for a person goes to stderr, so that stdout stays free for results.

say() { printf '%s\n' "$*" >&2; }

die() {
        printf '%s: %s\n' "${0##*/}" "$*" >&2
        exit 1
}

# with_progress LABEL LOG COMMAND…: runs COMMAND with its output in LOG. On a terminal one line is kept up to
# date with the seconds and the newest line of the log; elsewhere (a CI log) a line appears every ten seconds.
# When COMMAND fails, the end of the log is shown and its status returned.
with_progress() {
        local label=$1 log=$2 started=$SECONDS next=10 elapsed last pid status=0
        shift 2
        # A process group of its own, so that an interrupt reaches all that COMMAND has started.
        set -m
        "$@" </dev/null >"$log" 2>&1 &
        pid=$!
        set +m
        # shellcheck disable=SC2064 # this pid, now
        trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM
        [[ -t 2 ]] || say "… $label"
        while kill -0 "$pid" 2>/dev/null; do
                sleep 0.3
                elapsed=$((SECONDS - started))
                last=$(tail -n 1 "$log" | tr -cd '[:print:]')
                if [[ -t 2 ]]; then
                        printf '\r\033[K… %s  %d s  %.70s' "$label" "$elapsed" "$last" >&2
                elif ((elapsed >= next)); then
                        say "  … $label: $elapsed s  ${last:0:70}"
                        next=$((elapsed + 10))
                fi
        done
        wait "$pid" || status=$?
        trap - INT TERM
        [[ ! -t 2 ]] || printf '\r\033[K' >&2
        if ((status == 0)); then
                say "✓ $label ($((SECONDS - started)) s)"
        else
                say "✗ $label failed with status $status; the end of $log:"
                tail -n 40 "$log" >&2
        fi
        return "$status"
}

# copy_tree DIR ROOT: DIR's content into ROOT as root's own. A directory of DIR may be a link in ROOT, as /lib is.
copy_tree() {
        tar -C "$1" --create . | tar -C "$2" --extract --keep-directory-symlink --no-same-owner --no-overwrite-dir
}

# tree_files DIR: the names of its files, each ended by a zero byte: what is there apart from ignored files, committed or
# not, so that a test of an uncommitted change tests that change. Where git does not know the tree, what is there at all.
tree_files() {
        local dir=$1
        if [[ -e $dir/.git ]] && command -v git >/dev/null; then
                git -C "$dir" ls-files -z --cached --others --exclude-standard |
                        while IFS= read -r -d '' file; do
                                [[ ! -e $dir/$file && ! -L $dir/$file ]] || printf '%s\0' "$file"
                        done
        else
                (cd "$dir" && find . \( -name '__pycache__' -o -name .pytest_cache -o -path './build*' -o -path ./dist \) -prune \
                        -o ! -type d -printf '%P\0')
        fi
}

package_manager() {
        if command -v apt-get >/dev/null; then
                echo apt
        elif command -v dnf >/dev/null; then
                echo dnf
        else
                echo none
        fi
}

# What it takes to compile the tree, in the distribution's own names.
build_packages() {
        case $(package_manager) in
        apt)
                echo gcc libc6-dev meson ninja-build pkg-config python3
                echo libcurl4-openssl-dev libinih-dev libjson-c-dev libmicrohttpd-dev librdkafka-dev libssl-dev libsystemd-dev
                # systemd.pc, which tells where units belong, has since moved into a package of its own.
                if dpkg --compare-versions "$(dpkg-query -W -f '${Version}' libsystemd0)" ge 255; then
                        echo systemd-dev
                fi
                ;;
        dnf)
                echo gcc meson ninja-build pkgconf-pkg-config python3
                echo libcurl-devel inih-devel json-c-devel libmicrohttpd-devel librdkafka-devel openssl-devel systemd-devel
                ;;
        esac
}

# install_packages LOG PACKAGE…: installs those that are not installed yet, in the distribution's own names.
install_packages() {
        local log=$1 manager missing=() name
        shift
        manager=$(package_manager)
        for name in "$@"; do
                case $manager in
                apt) dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name") ;;
                dnf) rpm -q --whatprovides "$name" >/dev/null 2>&1 || missing+=("$name") ;;
                none) die "neither apt-get nor dnf is here; please install what provides: $*" ;;
                esac
        done
        ((${#missing[@]})) || return 0
        ((EUID == 0)) || die "not root, so these cannot be installed here: ${missing[*]}"
        with_progress "installing ${missing[*]}" "$log" "install_with_$manager" "${missing[@]}"
}

install_with_apt() {
        export DEBIAN_FRONTEND=noninteractive
        # The lists of a fresh image are empty, those of an old one name files that are gone.
        apt-get update
        # Another apt may be at work, as after the start of a fresh machine.
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

install_with_dnf() {
        dnf install -y --setopt=install_weak_deps=False "$@"
}
