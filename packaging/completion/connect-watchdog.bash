# bash completion for connect-watchdog(8) and connect-watchdogctl(1)
# shellcheck shell=bash

# Offers those of the words on stdin, one a line, that begin with what stands before the cursor. bash breaks a word
# also at the @ of kafka-connect@8083.service: of that it replaces "@8083.service" alone.
_connect_watchdog_offer() {
        local word line=${COMP_LINE:0:COMP_POINT} current broken=''
        current=${line##*[[:space:]]}
        if [[ $COMP_WORDBREAKS == *@* && $current == *@* ]]; then
                broken=${current%@*}
        fi
        while IFS= read -r word; do
                [[ $word == "$current"* ]] || continue
                printf -v word %q "${word#"$broken"}"
                COMPREPLY+=("$word")
        done
}

# compgen's files (-f) or directories (-d), or kinds.
_connect_watchdog_offer_values() {
        local current=${COMP_WORDS[COMP_CWORD]}
        case $1 in
        none) return 0 ;;
        kind)
                mapfile -t COMPREPLY < <(compgen -W 'kafka-connect zeebe-broker zeebe-gateway krakend backbeat http' -- "${current#=}")
                return 0
                ;;
        esac
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen "$1" -- "${current#=}")
}

# What the option whose value is at the cursor takes: "-f", "-d", "kind", "none" that could be offered; or nothing, as
# it is no value.
_connect_watchdog_value_type() {
        local i=$((COMP_CWORD - 1))
        # --config=FILE are three words.
        [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[i]} != = ]] || i=$((i - 1))
        case ${COMP_WORDS[i]} in
        --config) echo -f ;;
        --check-config) [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || echo -f ;;
        --socket) echo -f ;;
        --kind) echo kind ;;
        --for | --once | --reason | --since | --timeout) echo none ;;
        --root | --runtime-dir | --state-dir) echo -d ;;
        --port | --connect-url | --connect-worker-id | --unhealthy-states | --considered-containers | \
                --failure-threshold-percentage | --basic-auth | --log-level) echo none ;;
        esac
}

_connect_watchdog() {
        local value_type
        COMPREPLY=()
        value_type=$(_connect_watchdog_value_type)
        if [[ -n $value_type ]]; then
                _connect_watchdog_offer_values "$value_type"
        else
                _connect_watchdog_offer < <(printf '%s\n' --config --check-config --dry-run --runtime-dir --state-dir --version --help \
                        --healthcheck-compat --port --connect-url --connect-worker-id --unhealthy-states --considered-containers \
                        --failure-threshold-percentage --basic-auth --log-level)
        fi
}

# Services of this host, also those that were never started; no template, which cannot be restarted.
_connect_watchdogctl_services() {
        local name
        {
                systemctl list-unit-files --type=service --no-legend --no-pager --full
                systemctl list-units --all --type=service --no-legend --no-pager --full --plain
        } 2>/dev/null | while read -r name _; do
                [[ $name == *@.service ]] || printf '%s\n' "$name"
        done | sort -u
}

# Only root can see them.
_connect_watchdogctl_authorized() {
        connect-watchdogctl authorize --list 2>/dev/null | grep -v ' '
}

# Those of the running agent, for who may ask it.
_connect_watchdogctl_workers() {
        connect-watchdogctl status --list 2>/dev/null
}

# Only root can see them.
_connect_watchdogctl_incidents() {
        connect-watchdogctl incidents --list 2>/dev/null
}

_connect_watchdogctl() {
        local value_type word verb='' worker='' skip=no given=' '
        COMPREPLY=()
        value_type=$(_connect_watchdog_value_type)
        if [[ -n $value_type ]]; then
                _connect_watchdog_offer_values "$value_type"
                return
        fi
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                if [[ $skip == yes && $word != = ]]; then
                        skip=no
                        continue
                fi
                case $word in
                =) ;;
                --config | --for | --kind | --once | --reason | --root | --since | --socket | --state-dir | --timeout) skip=yes ;;
                -*) given+="$word " ;;
                *)
                        if [[ -z $verb ]]; then
                                verb=$word
                        elif [[ -z $worker ]]; then
                                worker=$word
                        fi
                        ;;
                esac
        done
        case $verb:${COMP_WORDS[COMP_CWORD]} in
        :-*) _connect_watchdog_offer < <(printf '%s\n' --config --for --force --json --kind --list --no-pager --once --reason \
                --revoke --root --since --socket --state-dir --timeout --verbose --watch --write --version --help) ;;
        :*) _connect_watchdog_offer < <(printf '%s\n' status check pause resume restart reset notify-test incidents incident report \
                discover verify-config authorize) ;;
        status:-*) _connect_watchdog_offer < <(printf '%s\n' --json --list --no-pager --socket --watch --version --help) ;;
        check:-*) _connect_watchdog_offer < <(printf '%s\n' --kind --once --socket --timeout --version --help) ;;
        pause:-*) _connect_watchdog_offer < <(printf '%s\n' --for --json --reason --socket --version --help) ;;
        restart:-*) _connect_watchdog_offer < <(printf '%s\n' --force --json --socket --version --help) ;;
        resume:-* | reset:-* | notify-test:-*) _connect_watchdog_offer < <(printf '%s\n' --json --socket --version --help) ;;
        incidents:-*) _connect_watchdog_offer < <(printf '%s\n' --json --list --no-pager --since --state-dir --version --help) ;;
        incident:-*) _connect_watchdog_offer < <(printf '%s\n' --json --no-pager --state-dir --verbose --version --help) ;;
        report:-*) _connect_watchdog_offer < <(printf '%s\n' --json --no-pager --since --state-dir --version --help) ;;
        incident:*) [[ -n $worker ]] || _connect_watchdog_offer < <(_connect_watchdogctl_incidents) ;;
        status:* | check:* | pause:* | resume:* | restart:* | reset:* | incidents:* | report:*)
                [[ -n $worker ]] || _connect_watchdog_offer < <(_connect_watchdogctl_workers)
                ;;
        discover:*) _connect_watchdog_offer < <(printf '%s\n' --config --json --write --version --help) ;;
        verify-config:*) _connect_watchdog_offer < <(printf '%s\n' --config --json --verbose --version --help) ;;
        authorize:-*) _connect_watchdog_offer < <(printf '%s\n' --json --list --revoke --root --version --help) ;;
        authorize:*)
                case $given in
                *' --list '*) ;;
                *' --revoke '*) _connect_watchdog_offer < <(_connect_watchdogctl_authorized) ;;
                *) _connect_watchdog_offer < <(_connect_watchdogctl_services) ;;
                esac
                ;;
        esac
}

complete -F _connect_watchdog connect-watchdog
complete -F _connect_watchdogctl connect-watchdogctl
