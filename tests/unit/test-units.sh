#!/bin/sh
# What systemd's own tools say of units/: test-units.sh SERVICE SOCKET CATALOG SYSUSERS. Status 77 (skipped)
# where a tool is missing or cannot work here.
set -eu

service=$1 socket=$2 catalog=$3 sysusers=$4

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

skip() {
        echo "skipped: $1" >&2
        exit 77
}

fail() {
        echo "failed: $1" >&2
        exit 1
}

for tool in systemd-analyze systemd-sysusers journalctl; do
        command -v "$tool" >/dev/null || skip "no $tool on this machine"
done

printf '[Service]\nExecStart=/bin/true\n' >"$dir/canary.service"
systemd-analyze --man=no verify "$dir/canary.service" >/dev/null 2>&1 || skip "systemd-analyze verify does not work here"

# The binary is not installed yet, and verify wants it to be there. What it says of other units is not ours.
sed "s|^ExecStart=.*|ExecStart=/bin/true|" "$service" >"$dir/connect-watchdog.service"
cp "$socket" "$dir/"
said=$(systemd-analyze --man=no verify "$dir/connect-watchdog.service" "$dir/connect-watchdog.socket" 2>&1) ||
        fail "verify: $said"
case $said in
        *connect-watchdog*) fail "verify: $said" ;;
esac

systemd-analyze --no-pager security --offline=true --threshold=15 "$dir/connect-watchdog.service" >"$dir/security" 2>&1 ||
        fail "exposure: $(tail -n 1 "$dir/security")"
tail -n 1 "$dir/security"

# What the design promises, however the file is tidied up one day.
for line in Restart=always RestartPreventExitStatus=78 Type=notify User=connect-watchdog; do
        grep -qx "$line" "$service" || fail "$line is missing"
done

mkdir -p "$dir/root/usr/lib/systemd/catalog" "$dir/root/var/lib/systemd/catalog" "$dir/root/usr/lib/sysusers.d" \
        "$dir/root/etc"
cp "$catalog" "$dir/root/usr/lib/systemd/catalog/"
journalctl --root="$dir/root" --update-catalog 2>"$dir/catalog" || fail "catalog: $(cat "$dir/catalog")"
[ ! -s "$dir/catalog" ] || fail "catalog: $(cat "$dir/catalog")"
listed=$(journalctl --root="$dir/root" --no-pager --list-catalog | grep -c ' connect-watchdog: ')
written=$(grep -c '^-- [0-9a-f]*$' "$catalog")
[ "$listed" -eq "$written" ] || fail "catalog: $listed of $written entries are listed"

cp "$sysusers" "$dir/root/usr/lib/sysusers.d/connect-watchdog.conf"
systemd-sysusers --root="$dir/root" >/dev/null 2>&1 || fail "sysusers refuses its file"
grep -q '^connect-watchdog:.*:/:.*nologin$' "$dir/root/etc/passwd" || fail "the user is not as it should be"
