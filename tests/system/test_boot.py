"""The harness itself: a container boots, the stand-in worker runs in it as a unit, and hangs and returns on demand.

No agent takes part. When these fail, look at packaging/container and tests/lib first.
"""

import json

from lib.agent import STANDIN


def test_the_container_is_up_and_nothing_in_it_has_failed(container):
    assert container.systemctl("is-system-running").stdout.strip() == "running"


def test_the_standin_answers_as_a_healthy_worker(standin):
    status, body = standin.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "healthy")
    assert standin.get("/connectors/nope") == (404, '{"error_code":404,"message":"Connector nope not found"}')


def test_a_stopped_worker_hangs_and_a_continued_one_returns(container, standin):
    pid = standin.main_pid()
    container.signal(STANDIN, "SIGSTOP")
    assert standin.get("/health") is None
    assert container.is_active(STANDIN), "systemd sees no harm in it"
    container.signal(STANDIN, "SIGCONT")
    assert standin.get("/health")[0] == 200
    assert standin.main_pid() == pid


def test_sigquit_is_caught_and_brings_a_thread_dump_into_the_units_journal(container, standin):
    caught = container.sh(f"sed -n 's/^SigCgt:[[:space:]]*//p' /proc/{standin.main_pid()}/status")
    assert int(caught, 16) & 1 << 2
    container.signal(STANDIN, "SIGQUIT")
    container.wait_until(lambda: '"DistributedHerder-connect-' in container.journal_cat(STANDIN), 5, "the thread dump")


def test_a_restart_heals_a_mode_unless_it_is_always_so(container, standin):
    standin.mode("unhealthy")
    container.systemctl("restart", STANDIN)
    container.wait_until(lambda: standin.get("/health"), 5, "an answer after the restart")
    assert standin.get("/health")[0] == 200

    standin.start("--tick-timeout 0.2")
    standin.mode("always hang-tick orders")
    container.systemctl("restart", STANDIN)
    container.wait_until(lambda: standin.get("/"), 5, "an answer after the restart")
    status, body = standin.get("/health")
    assert status == 500 and "generating task configs for connector orders" in body


def test_a_starting_worker_refuses_then_knows_no_health_then_says_so(container, standin):
    standin.start("--refuse-for 1 --ready-after 6 --starting-for 4")
    seen = []

    def healthy():
        answer = standin.get("/health")
        if answer and answer[0] not in seen:
            seen.append(answer[0])
        return 200 in seen

    container.wait_until(healthy, 40, "the worker to be healthy")
    assert seen == [404, 503, 200]


def test_a_stopped_unit_ends_as_a_jvm_does_with_status_143(container, standin):
    container.systemctl("stop", STANDIN)
    assert container.show(STANDIN, "ExecMainStatus") == "143"
    assert container.show(STANDIN, "ActiveState") == "failed"
