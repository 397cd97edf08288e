# shellcheck shell=bash
# The root directories that containers are made of: layers of each suite, and a repository of what a package needs on the
# lowest of them. Sourced by packaging/container, whose verbs `layer` and `repository` they are.
# shellcheck disable=SC2154 # $here is packaging/container's

cache=${CONNECT_WATCHDOG_CACHE:-/var/cache/connect-watchdog}

# Each holds its own files only, as the upper directory of an overlay over the ones before it.
layers=(bare base packaging)

packages_of() {
        case $2 in
        bare) echo dbus systemd systemd-sysv ;;
        base)
                echo libpam-systemd polkitd procps python3
                echo gcc libc6-dev meson ninja-build pkg-config
                echo libcmocka-dev libcurl4-openssl-dev libinih-dev libjson-c-dev libmicrohttpd-dev librdkafka-dev libssl-dev libsystemd-dev
                echo ca-certificates openssl python3-dbus python3-gi
                # systemd.pc, which tells where units belong, moved into a package of its own.
                [[ $1 == bookworm ]] || echo systemd-dev
                ;;
        packaging)
                echo autopkgtest debhelper dpkg-dev elfutils lintian rpm rpmlint
                echo ansible-core bash-completion man-db python3-apt python3-pytest zsh
                ;;
        esac
}

# make_layer SUITE LAYER LOWER DEST. Runs in a mount namespace of its own: what it mounts is gone with it, however it
# ends.
make_layer() {
        local suite=$1 layer=$2 lower=$3 dest=$4 root files packages
        mkdir -p "$cache/debs/$suite/partial"
        if [[ -z $lower ]]; then
                root=$dest files=$dest
                debootstrap --variant=minbase --cache-dir="$cache/debs/$suite" "$suite" "$root" \
                        ${CONNECT_WATCHDOG_MIRROR:+"$CONNECT_WATCHDOG_MIRROR"}
                printf '127.0.0.1 localhost connect-host\n::1 localhost\n' >"$root/etc/hosts"
                echo connect-host >"$root/etc/hostname"
                # Nothing logs in over a console.
                ln -s /dev/null "$root/etc/systemd/system/console-getty.service"
        else
                root=$(mount_overlay "$lower" 3g)
                files=${root%/*}/upper
        fi
        read -r -d '' -a packages < <(packages_of "$suite" "$layer") || :
        add_packages "$suite" "$root" "${packages[@]}"
        [[ -z $lower ]] || umount "$root"
        # They are new for a day.
        rm -rf "$files"/var/lib/apt/lists/* "$files"/var/cache/apt/*.bin
        # Where the cache is itself on an overlay, it can hold the files of one but not be its upper directory.
        [[ -z $lower ]] || cp -a "$files" "$dest"
}

# add_packages SUITE ROOT PACKAGE…: by apt, which resolves dependencies properly and gives polkitd the /proc it needs.
add_packages() {
        local suite=$1 root=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount --bind "$cache/debs/$suite" "$root/var/cache/apt/archives"
        cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        # A layer that a power cut ruins is made again, so dpkg need not sync each file; no daemon may start here.
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
        in_root "$root" apt-get update
        in_root "$root" apt-get -y --no-install-recommends \
                -o Dpkg::Options::=--force-unsafe-io -o APT::Keep-Downloaded-Packages=true install "$@"
        rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
        umount "$root/var/cache/apt/archives" "$root/proc"
}

in_root() {
        local root=$1
        shift
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
                chroot "$root" "$@"
}

# stack_of SUITE LAYER: the directories that make up the root, top first, as overlay's lowerdir= wants them. The recipes
# of a layer and of those below it are part of its name, so that a changed one makes a new layer and never mends an old.
stack_of() {
        local suite=$1 layer recipe hash dirs=''
        recipe=$(declare -f make_layer add_packages in_root)
        for layer in "${layers[@]}"; do
                hash=$({ echo "$recipe $dirs"; packages_of "$suite" "$layer"; } | sha256sum)
                dirs=$cache/layers/$suite-$layer-${hash:0:12}${dirs:+:$dirs}
                [[ $layer != "$2" ]] || break
        done
        echo "$dirs"
}

check_suite() {
        [[ $1 == bookworm || $1 == trixie ]] || die "the suite '$1' is not known; bookworm and trixie are"
}

# Layers and builds are made by one process at a time, in a directory that gets its name only when it is complete.
lock() {
        local what=$1
        mkdir -p "$cache/locks"
        exec {lock_fd}>"$cache/locks/$what"
        flock -n "$lock_fd" && return
        say "… another process is making $what; waiting for it"
        # Longer than the slowest cold layer that was seen; who holds it then hangs.
        flock -w 1800 "$lock_fd" || die "$what is still being made by another process after half an hour"
}

check_layer() {
        [[ " ${layers[*]} " == *" $1 "* ]] || die "the layer '$1' is not known; these are: ${layers[*]}"
}

verb_layer() {
        local suite=${1:?layer needs a suite} layer dir dirs new
        check_suite "$suite"
        check_layer "${2:-base}"
        for layer in "${layers[@]}"; do
                dirs=$(stack_of "$suite" "$layer")
                dir=${dirs%%:*}
                [[ -d $dir ]] || add_layer "$suite" "$layer" "$dirs"
                touch "$dir.used"
                [[ $layer != "${2:-base}" ]] || break
        done
        echo "$dirs"
}

add_layer() {
        local suite=$1 layer=$2 dir=${3%%:*} lower='' new=$cache/layers/.new-$1
        [[ $3 != *:* ]] || lower=${3#*:}
        as_root layer
        install_packages "$(log_of tools)" debootstrap debian-archive-keyring
        lock "layer-$suite"
        if [[ ! -d $dir ]]; then
                mkdir -p "$cache/layers"
                rm -rf "$new"
                with_progress "making the $layer layer of $suite (once; kept in $cache)" "$(log_of "layer-$suite-$layer")" \
                        unshare --mount -- "$here/container" _make-layer "$suite" "$layer" "$lower" "$new"
                mv -T "$new" "$dir"
        fi
        exec {lock_fd}>&-
}

log_of() {
        mkdir -p "$cache/logs"
        echo "$cache/logs/$1.log"
}

as_root() {
        ((EUID == 0)) || die "$1 needs root"
}

# --- what a package needs --------------------------------------------------------------------------------------

# make_repository BARE DEST DEB…: in a mount namespace of its own.
make_repository() {
        local root dest=$2
        root=$(mount_root "$1" 1g)
        shift 2
        mkdir "$root/root/repository"
        mount --bind "$dest" "$root/root/repository"
        cp "$@" "$root/root/"
        cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        in_root "$root" apt-get update
        # shellcheck disable=SC2016 # it expands inside
        in_root "$root" sh -ec 'mkdir -p /root/repository/partial
                apt-get -y --download-only --install-recommends -o Dir::Cache::Archives=/root/repository install /root/*.deb
                cd /root/repository
                rm -rf partial lock
                for deb in *.deb; do
                        dpkg-deb --field "$deb"
                        printf "Filename: ./%s\nSize: %s\nSHA256: %s\n\n" "$deb" \
                                "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d " " -f 1)"
                done >Packages'
}

verb_repository() {
        local suite=${1:?repository needs a suite} bare new deb needs='' hash dir
        check_suite "$suite"
        shift
        (($#)) || die "repository needs the packages whose dependencies it is to hold"
        as_root repository
        bare=$(verb_layer "$suite" bare)
        for deb in "$@"; do
                needs+=$("$here/container" run "$suite" --layer bare --bind "$(dirname "$(readlink -e "$deb")"):/debs" -- \
                        dpkg-deb --field "/debs/$(basename "$deb")" Pre-Depends Depends Recommends)
        done
        hash=$({ declare -f make_repository; echo "$bare $needs"; } | sha256sum)
        dir=$cache/repositories/$suite-${hash:0:12}
        if [[ ! -d $dir ]]; then
                lock "repository-$suite"
                if [[ ! -d $dir ]]; then
                        new=$cache/repositories/.new-$suite
                        rm -rf "$new"
                        mkdir -p "$new"
                        with_progress "fetching what ${1##*/} depends on" "$(log_of "repository-$suite")" \
                                unshare --mount -- "$here/container" _make-repository "$bare" "$new" "$@"
                        mv -T "$new" "$dir"
                fi
                exec {lock_fd}>&-
        fi
        touch "$dir.used"
        echo "$dir"
}
