#!/usr/bin/python3
"""What a process can reach from where it runs: sandbox_probe.py WORKER-PID prints, as JSON, what came of each attempt
below and where anything at all can be written. Run in the agent's place it tells what an agent that was taken over could
do; the tests read from the same table how each attempt must end.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import subprocess
import sys
import time

CREDENTIALS = "/etc/connect-watchdog/credentials"

SYSCALLS = {
    "x86_64": {"bpf": 321, "finit_module": 313, "kexec_load": 246, "perf_event_open": 298},
    "aarch64": {"bpf": 280, "finit_module": 273, "kexec_load": 104, "perf_event_open": 241},
}

DONE = "done"
ATTEMPTS = {}


def must_end(*ends):
    """With one of these errno names; or DONE, for what the agent needs."""
    def register(attempt):
        ATTEMPTS[attempt.__name__] = (attempt, ends)
        return attempt
    return register


def libc(function, *args):
    lib = ctypes.CDLL(None, use_errno=True)
    result = getattr(lib, function)(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), function)
    return result


def syscall(name, *args):
    number = SYSCALLS[platform.machine()][name]
    return libc("syscall", ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def write(path):
    with open(path, "wb") as file:
        file.write(b"x")


# --- what the agent needs


@must_end(DONE)
def read_its_configuration(_):
    read("/etc/connect-watchdog/connect-watchdog.conf")


@must_end(DONE)
def read_its_credential(_):
    read(os.environ["CREDENTIALS_DIRECTORY"] + "/connect-watchdog.credentials_probe")


@must_end(DONE)
def see_whether_a_jvm_catches_sigquit(worker):
    read(f"/proc/{worker}/status")


@must_end(DONE)
def ask_a_worker(_):
    socket.create_connection(("127.0.0.1", 8083), 5).close()


@must_end(DONE)
def reach_the_bus(_):
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect("/run/dbus/system_bus_socket")


# --- files


@must_end("EACCES")
def read_shadow(_):
    read("/etc/shadow")


@must_end("EACCES")
def read_credentials_where_root_keeps_them(_):
    os.listdir(CREDENTIALS)


@must_end("EACCES")
def read_one_of_them_by_its_name(_):
    read(CREDENTIALS + "/probe")


@must_end("EACCES", "EROFS")
def replace_its_credential(_):
    write(os.environ["CREDENTIALS_DIRECTORY"] + "/connect-watchdog.credentials_probe")


@must_end("EACCES", "EROFS")
def change_its_configuration(_):
    write("/etc/connect-watchdog/conf.d/99-probe.conf")


@must_end("EACCES", "EROFS")
def allow_itself_more_by_a_polkit_rule(_):
    write("/etc/polkit-1/rules.d/99-probe.rules")


@must_end("EACCES", "EROFS")
def add_a_unit(_):
    write("/etc/systemd/system/probe.service")


@must_end("EACCES", "EROFS")
def change_its_own_program(_):
    write("/usr/bin/connect-watchdog")


@must_end("EACCES")
def look_into_roots_home(_):
    os.listdir("/root")


@must_end("EACCES", "ENOENT")
def read_a_users_file_that_all_may_read(_):
    read("/home/alice/notes")


@must_end("EACCES")
def read_another_services_state(_):
    read("/var/lib/other/ledger.json")


# --- the worker, and other processes


@must_end("EPERM")
def signal_the_worker_itself(worker):
    os.kill(worker, signal.SIGQUIT)


@must_end("EPERM")
def trace_the_worker(worker):
    libc("ptrace", 16, worker, None, None)


@must_end("EACCES")
def read_the_workers_environment(worker):
    read(f"/proc/{worker}/environ")


@must_end("EACCES")
def read_the_workers_memory(worker):
    read(f"/proc/{worker}/mem")


@must_end("EACCES")
def enter_the_workers_root(worker):
    os.listdir(f"/proc/{worker}/root/")


@must_end("EACCES", "EPERM")
def have_the_worker_killed_first(worker):
    write(f"/proc/{worker}/oom_score_adj")


@must_end("EPERM")
def slow_the_worker_down(worker):
    os.setpriority(os.PRIO_PROCESS, worker, 19)


# --- privileges


@must_end("EPERM")
def become_root(_):
    os.setuid(0)


@must_end("EPERM")
def become_root_by_a_setuid_program(_):
    if subprocess.run(["/usr/local/bin/setuid-id", "-u"], capture_output=True, text=True).stdout.strip() != "0":
        raise PermissionError(errno.EPERM, "the bit is ignored")


@must_end("EPERM")
def make_a_setuid_program(_):
    path = os.environ["STATE_DIRECTORY"] + "/probe-setuid"
    write(path)
    os.chmod(path, 0o4755)


@must_end("EPERM")
def have_a_user_namespace(_):
    libc("unshare", 0x10000000)


@must_end("EPERM")
def have_a_mount_namespace(_):
    libc("unshare", 0x00020000)


@must_end("EPERM")
def mount_something(_):
    libc("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@must_end("EPERM")
def change_the_root_directory(_):
    os.chroot("/tmp")


@must_end("EPERM")
def have_a_real_time_priority(_):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


@must_end("EPERM")
def raise_its_limits(_):
    libc("setrlimit", resource.RLIMIT_NOFILE, (ctypes.c_ulong * 2)(1 << 20, 1 << 20))


@must_end("EPERM")
def change_its_personality(_):
    libc("personality", 0x0040000)


@must_end("EPERM", "EACCES")
def map_memory_to_write_and_to_run(_):
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


# --- the kernel


@must_end("EPERM")
def load_a_module(_):
    syscall("finit_module", -1, b"", 0)


@must_end("EPERM")
def load_a_bpf_program(_):
    syscall("bpf", 5, None, 0)


@must_end("EPERM")
def watch_performance_events(_):
    syscall("perf_event_open", None, 0, -1, -1, 0)


@must_end("EPERM")
def load_another_kernel(_):
    syscall("kexec_load", 0, 0, None, 0)


@must_end("EPERM")
def reboot(_):
    # No such command: were it allowed, nothing would happen but EINVAL.
    libc("reboot", 1)


@must_end("EPERM")
def set_the_time(_):
    time.clock_settime(time.CLOCK_REALTIME, time.time())


@must_end("EPERM")
def name_the_host(_):
    socket.sethostname("probe")


@must_end("EPERM")
def swap(_):
    libc("swapoff", b"/none")


@must_end("EACCES", "ENOENT", "EPERM")
def read_the_kernels_log(_):
    read("/dev/kmsg")


@must_end("ENOENT", "EACCES")
def read_the_machines_memory(_):
    read("/dev/mem")


@must_end("ENOENT")
def change_a_tunable(_):
    write("/proc/sys/kernel/core_pattern")


@must_end("EACCES", "EROFS", "ENOENT")
def move_itself_to_another_cgroup(_):
    write("/sys/fs/cgroup/cgroup.procs")


# --- the network


@must_end("EPERM")
def have_a_raw_socket(_):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@must_end("EAFNOSUPPORT")
def have_a_packet_socket(_):
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


@must_end("EAFNOSUPPORT")
def have_a_netlink_socket(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


@must_end("EACCES")
def listen_on_a_privileged_port(_):
    socket.create_server(("127.0.0.1", 80)).close()


# --- running them


def end_of(attempt, worker):
    """Each in a process of its own, which it may spoil."""
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt(worker)
            end = DONE
        except OSError as error:
            end = errno.errorcode.get(error.errno, str(error))
        os.write(to_parent, end.encode())
        os._exit(0)
    os.close(to_parent)
    with os.fdopen(from_child) as pipe:
        end = pipe.read()
    _, status = os.waitpid(pid, 0)
    return end or f"wait status {status}"


def can_create_in(directory):
    path = os.path.join(directory, f"probe-{os.getpid()}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return False
    os.unlink(path)
    return True


def is_writable_file(path):
    try:
        return stat.S_ISREG(os.lstat(path).st_mode) and os.access(path, os.W_OK)
    except OSError:
        return False


def writable():
    """Every directory in which a file can be made, and every other file that can be written; but for /proc."""
    found = []
    for directory, names, files in os.walk("/"):
        names[:] = [name for name in names if (directory, name) != ("/", "proc")]
        if can_create_in(directory):
            found.append(directory)
            names.clear()
        else:
            found += [path for path in (os.path.join(directory, name) for name in files) if is_writable_file(path)]
    return sorted(found)


if __name__ == "__main__":
    write("/tmp/probe-was-here")
    ends = {name: end_of(attempt, int(sys.argv[1])) for name, (attempt, _) in ATTEMPTS.items()}
    json.dump({"ends": ends, "writable": writable()}, sys.stdout)
