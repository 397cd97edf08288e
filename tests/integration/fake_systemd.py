"""A scriptable systemd manager, logind and polkit on a private bus, for tests.

It answers what the agent asks, with the order of signals that the real ones have, and does what a test tells it through
one method: fake.Control.Do(json) -> json on the object /fake. As a program it serves the bus whose address it is given; as a
module it starts a bus of its own (class FakeSystemd, for pytest).
"""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time

MANAGER = "org.freedesktop.systemd1"
MANAGER_PATH = "/org/freedesktop/systemd1"
UNIT_INTERFACE = MANAGER + ".Unit"
SERVICE_INTERFACE = MANAGER + ".Service"
POLKIT = "org.freedesktop.PolicyKit1"
PROPERTIES = "org.freedesktop.DBus.Properties"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# The type of each property as systemd has it.
TYPES = {
    "Id": "s", "Names": "as", "LoadState": "s", "ActiveState": "s", "SubState": "s", "UnitFileState": "s",
    "FreezerState": "s", "CanStart": "b", "CanStop": "b", "RefuseManualStart": "b", "InvocationID": "ay",
    "InactiveExitTimestamp": "t", "InactiveExitTimestampMonotonic": "t", "ActiveEnterTimestamp": "t",
    "ActiveEnterTimestampMonotonic": "t", "Result": "s", "ExecMainCode": "i", "ExecMainStatus": "i", "MainPID": "u",
    "NRestarts": "u", "TimeoutStartUSec": "t", "TimeoutStopUSec": "t", "MemoryCurrent": "t", "CPUUsageNSec": "t",
    "RefuseManualStop": "b", "StartLimitIntervalUSec": "t", "StartLimitBurst": "u", "Restart": "s", "SuccessExitStatus": "(aiai)",
}
UINT64_MAX = 2**64 - 1


def escape(name):
    """sd_bus_path_encode()."""
    return "".join(c if c.isalnum() and (i or not c.isdigit()) else f"_{ord(c):02x}" for i, c in enumerate(name))


def default_properties(name):
    return {
        "Id": name, "Names": [name], "LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead",
        "UnitFileState": "enabled", "FreezerState": "running", "CanStart": True, "CanStop": True,
        "RefuseManualStart": False, "InvocationID": [], "InactiveExitTimestamp": 0,
        "InactiveExitTimestampMonotonic": 0, "ActiveEnterTimestamp": 0, "ActiveEnterTimestampMonotonic": 0,
        "Result": "success", "ExecMainCode": 0, "ExecMainStatus": 0, "MainPID": 0, "NRestarts": 0,
        "TimeoutStartUSec": 90000000, "TimeoutStopUSec": 90000000, "MemoryCurrent": UINT64_MAX,
        "CPUUsageNSec": UINT64_MAX, "RefuseManualStop": False, "StartLimitIntervalUSec": 10000000, "StartLimitBurst": 5,
        "Restart": "no", "SuccessExitStatus": [[], []],
    }


class Server:
    """The manager and logind on one connection."""

    def __init__(self, bus, loop, glib, dbus):
        self.bus, self.loop, self.glib, self.dbus = bus, loop, glib, dbus
        self.units, self.aliases, self.jobs = {}, {}, {}
        self.next_job, self.next_start = 100, 1
        self.counts, self.killed, self.answers = {}, [], {}
        self.hooks = {}
        self.inhibitors, self.logind_error = [], None
        self.system_state = "running"
        self.refused, self.polkit_asked = [], []
        self.job_ms, self.job_result, self.early_removed = 20, "done", False
        self.start_ms = 0
        bus.add_message_filter(self.on_message)
        bus.request_name("fake.Control")
        self.own(True)

    # ---- the bus

    def own(self, wanted):
        for name in (MANAGER, "org.freedesktop.login1", POLKIT):
            if wanted:
                self.bus.request_name(name)
            else:
                self.bus.release_name(name)

    def typed(self, signature, value):
        d = self.dbus
        if signature == "ay":
            return d.Array([d.Byte(v) for v in value], signature="y")
        if signature == "as":
            return d.Array(value, signature="s")
        if signature == "(aiai)":
            return d.Struct([d.Array(v, signature="i") for v in value], signature="aiai")
        return {"s": d.String, "b": d.Boolean, "i": d.Int32, "u": d.UInt32, "t": d.UInt64}[signature](value)

    def signal(self, path, interface, member, signature, *args):
        m = self.dbus.lowlevel.SignalMessage(path, interface, member)
        m.append(signature=signature, *args)
        self.bus.send_message(m)

    def reply(self, message, signature="", *args):
        m = self.dbus.lowlevel.MethodReturnMessage(message)
        if signature:
            m.append(signature=signature, *args)
        self.bus.send_message(m)

    def error(self, message, name, text):
        self.bus.send_message(self.dbus.lowlevel.ErrorMessage(message, name, text))

    def later(self, ms, f):
        def once():
            f()
            return False
        if ms <= 0:
            self.glib.idle_add(once)
        else:
            self.glib.timeout_add(ms, once)

    # ---- units

    def canonical(self, name):
        return self.aliases.get(name, name)

    def unit(self, name):
        """Loads it, as every mention of a unit does."""
        name = self.canonical(name)
        u = self.units.get(name)
        if not u:
            u = self.units[name] = {"properties": default_properties(name), "loaded": False, "job": 0}
            u["properties"].update(LoadState="not-found", UnitFileState="", CanStart=False, CanStop=False)
        if not u["loaded"]:
            u["loaded"] = True
            self.signal(MANAGER_PATH, MANAGER + ".Manager", "UnitNew", "so", name, self.path(name))
            self.later(1, lambda: self.collect(name))
        return u

    def collect(self, name):
        u = self.units[name]
        if u["loaded"] and u["properties"]["ActiveState"] == "inactive" and not u["job"]:
            u["loaded"] = False
            u["properties"]["InvocationID"] = []
            self.signal(MANAGER_PATH, MANAGER + ".Manager", "UnitRemoved", "so", name, self.path(name))

    def path(self, name):
        return f"{MANAGER_PATH}/unit/{escape(name)}"

    def unit_at(self, path):
        for name in self.units:
            if self.path(name) == path:
                return name
        return None

    def set(self, name, quiet=False, **properties):
        u = self.units[self.canonical(name)]
        u["properties"].update(properties)
        if properties.get("ActiveState") not in (None, "inactive"):
            u["loaded"] = True
        if quiet:
            return
        changed = self.dbus.Dictionary({k: self.typed(TYPES[k], v) for k, v in properties.items() if k in TYPES},
                                       signature="sv")
        self.signal(self.path(name), PROPERTIES, "PropertiesChanged", "sa{sv}as", UNIT_INTERFACE, changed,
                    self.dbus.Array([], signature="s"))

    def started(self, name, state="active", sub="running", quiet=False):
        n = self.next_start
        self.next_start += 1
        now, real = int(time.monotonic() * 1e6), int(time.time() * 1e6)
        self.set(name, quiet=quiet, ActiveState=state, SubState=sub, InvocationID=list(n.to_bytes(16, "big")),
                 InactiveExitTimestamp=real, InactiveExitTimestampMonotonic=now, ActiveEnterTimestamp=real,
                 ActiveEnterTimestampMonotonic=now, Result="success", ExecMainCode=0, ExecMainStatus=0, MainPID=1000 + n)

    # ---- jobs

    def job_new(self, name, kind):
        number = self.next_job
        self.next_job += 1
        self.jobs[number] = (name, kind)
        self.units[name]["job"] = number
        self.signal(MANAGER_PATH, MANAGER + ".Manager", "JobNew", "uos", self.dbus.UInt32(number),
                    self.job_path(number), name)
        return number

    def job_path(self, number):
        return self.dbus.ObjectPath(f"{MANAGER_PATH}/job/{number}")

    def job_end(self, number, result, then=None, collect=True):
        if number not in self.jobs:
            return
        name, _ = self.jobs.pop(number)
        if then:
            then()
        if self.units[name]["job"] == number:
            self.units[name]["job"] = 0
        self.signal(MANAGER_PATH, MANAGER + ".Manager", "JobRemoved", "uoss", self.dbus.UInt32(number),
                    self.job_path(number), name, result)
        if collect:
            self.later(1, lambda: self.collect(name))

    def cancel(self, name):
        if self.units[name]["job"]:
            self.job_end(self.units[name]["job"], "canceled", collect=False)

    def restart_job(self, name, kind, answer):
        """answer(path) replies to the call; systemd does so after JobNew."""
        u = self.unit(name)
        name = u["properties"]["Id"]
        state = u["properties"]["ActiveState"]
        if kind == "try-restart" and state in ("inactive", "failed", "deactivating"):
            number = self.job_new(name, "nop") if not u["job"] else u["job"]
            if self.early_removed:
                self.job_end(number, "done")
                self.later(150, lambda: answer(self.job_path(number)))
                return
            answer(self.job_path(number))
            if self.jobs[number][1] == "nop":
                self.job_end(number, "done")
            return
        self.cancel(name)
        number = self.job_new(name, "restart")
        path = self.job_path(number)
        result, job_ms = self.job_result, self.job_ms

        def end():
            def then():
                if result == "done":
                    self.started(name)
                else:
                    self.set(name, ActiveState="failed", SubState="failed", MainPID=0, Result="start-limit-hit")
            self.job_end(number, result, then)

        if state == "active":
            self.set(name, ActiveState="deactivating", SubState="stop-sigterm")
        if self.early_removed:
            end()
            answer(path)
            return
        answer(path)
        if job_ms >= 0:
            self.later(job_ms, end)

    def stop(self, name, ms=50, failed=False, type="stop", status=143):
        """A stop by an admin. ms < 0: begun and ended before anybody can ask for the job."""
        name = self.canonical(name)
        u = self.units[name]
        self.cancel(name)
        number = self.job_new(name, type)

        def then():
            if failed:
                self.set(name, ActiveState="failed", SubState="failed", MainPID=0, Result="exit-code", ExecMainCode=1,
                         ExecMainStatus=status)
            else:
                self.set(name, ActiveState="inactive", SubState="dead", MainPID=0, ExecMainCode=1, ExecMainStatus=0)

        if ms < 0:
            self.job_end(number, "done", then)
            return
        if u["properties"]["ActiveState"] == "active":
            self.set(name, ActiveState="deactivating", SubState="stop-sigterm")
        self.later(ms, lambda: self.job_end(number, "done", then))

    # ---- what is asked

    def get_all(self, message, path):
        name = self.unit_at(path)
        if not name:
            return self.error(message, UNKNOWN_OBJECT, f"Unknown object '{path}'.")
        u = self.unit(name)
        d = self.dbus
        values = {k: self.typed(TYPES[k], v) for k, v in u["properties"].items() if k in TYPES}
        job = u["job"]
        values["Job"] = d.Struct((d.UInt32(job), self.job_path(job) if job else d.ObjectPath("/")), signature="uo")
        values["ExecStart"] = d.Array([d.Struct(("/bin/x", d.Array(["x"], signature="s")), signature="sas")],
                                      signature="(sas)")
        self.reply(message, "a{sv}", d.Dictionary(values, signature="sv"))

    def get(self, message, path, interface, name):
        d = self.dbus
        if path == MANAGER_PATH and name == "SystemState":
            return self.reply(message, "v", d.String(self.system_state, variant_level=1))
        unit = self.unit_at(path)
        if unit and name in TYPES:
            return self.reply(message, "v", self.typed(TYPES[name], self.unit(unit)["properties"][name]))
        number = int(path.rsplit("/", 1)[1]) if path.startswith(MANAGER_PATH + "/job/") else None
        if number not in self.jobs:
            return self.error(message, UNKNOWN_OBJECT, f"Unknown object '{path}'.")
        unit, kind = self.jobs[number]
        if name == "JobType":
            return self.reply(message, "v", d.String(kind, variant_level=1))
        return self.reply(message, "v", d.Struct((unit, d.ObjectPath(self.path(unit))), signature="so",
                                                 variant_level=1))

    def list_units(self, message, patterns):
        d = self.dbus
        rows = [(name, "", u["properties"]["LoadState"], u["properties"]["ActiveState"], u["properties"]["SubState"], "",
                 d.ObjectPath(self.path(name)), d.UInt32(0), "", d.ObjectPath("/"))
                for name, u in self.units.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)]
        self.reply(message, "a(ssssssouso)", d.Array([d.Struct(row, signature="ssssssouso") for row in rows],
                                                     signature="(ssssssouso)"))

    def check_authorization(self, message, subject, action, details, _flags, _id):
        d = self.dbus
        self.polkit_asked.append([subject[0], str(subject[1].get("name")), action, dict(details)])
        allowed = details["verb"] not in self.refused
        self.reply(message, "(bba{ss})", d.Struct((allowed, False, d.Dictionary({}, signature="ss")), signature="bba{ss}"))

    def run_hook(self, member):
        hook = self.hooks.get(member)
        if not hook:
            return
        hook["skip"] -= 1
        if hook["skip"] < 0:
            del self.hooks[member]
            self.do(**hook["then"])

    def answer_call(self, message, member, args):
        path, interface = message.get_path(), message.get_interface()
        if member == "GetAll":
            self.get_all(message, path)
        elif member == "Get":
            self.get(message, path, *args)
        elif member == "Subscribe":
            self.reply(message)
        elif member == "LoadUnit":
            self.unit(args[0])
            self.reply(message, "o", self.dbus.ObjectPath(self.path(self.canonical(args[0]))))
        elif member == "ListUnitsByPatterns":
            self.list_units(message, args[1])
        elif member in ("TryRestartUnit", "RestartUnit"):
            kind = "try-restart" if member == "TryRestartUnit" else "restart"
            self.restart_job(args[0], kind, lambda p: self.reply(message, "o", p))
        elif member == "ResetFailedUnit":
            if self.units[args[0]]["properties"]["ActiveState"] == "failed":
                self.set(args[0], ActiveState="inactive", SubState="dead", Result="success")
            self.reply(message)
        elif member == "KillUnit":
            self.killed.append([str(args[0]), str(args[1]), int(args[2])])
            self.reply(message)
        elif member == "ListInhibitors":
            d = self.dbus
            if self.logind_error:
                return self.error(message, *self.logind_error)
            rows = [d.Struct(("shutdown", who, "because", mode, d.UInt32(0), d.UInt32(1)), signature="ssssuu")
                    for who, mode in self.inhibitors]
            self.reply(message, "a(ssssuu)", d.Array(rows, signature="(ssssuu)"))
        elif member == "CheckAuthorization":
            self.check_authorization(message, *args)
        elif member == "Do":
            self.reply(message, "s", json.dumps(self.do(**json.loads(args[0]))))
        else:
            self.error(message, "org.freedesktop.DBus.Error.UnknownMethod", f"{interface}.{member}")

    def on_message(self, _bus, message):
        if message.get_type() != 1:
            return self.dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        member, args = str(message.get_member()), message.get_args_list()
        if member != "Do":
            self.counts[member] = self.counts.get(member, 0) + 1
        if message.get_interface() == "org.freedesktop.DBus.Peer":
            return self.dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        try:
            self.run_hook(member)
            script = self.answers.get(member)
            if script is not None and script.get("times", -1) != 0:
                if "times" in script:
                    script["times"] -= 1
                if "error" in script:
                    self.error(message, *script["error"])
                elif "delay" in script:
                    self.later(script["delay"], lambda: self.answer_call(message, member, args))
                # else: never answered
            else:
                self.answer_call(message, member, args)
        except Exception as e:  # a test must see it
            self.error(message, "fake.Error", f"{type(e).__name__}: {e}")
        return self.dbus.lowlevel.HANDLER_RESULT_HANDLED

    # ---- what a test says

    def do(self, do, **a):
        if do == "unit":            # name, started (bool), properties
            self.units[a["name"]] = {"properties": default_properties(a["name"]), "loaded": False, "job": 0}
            if a.get("started", True):
                self.started(a["name"])
            self.set(a["name"], **a.get("properties", {}))
        elif do == "alias":         # alias, name
            self.aliases[a["alias"]] = a["name"]
        elif do == "set":           # name, properties, quiet
            self.set(a["name"], quiet=a.get("quiet", False), **a["properties"])
        elif do == "start":
            self.started(a["name"])
        elif do == "stop":
            self.stop(a["name"], **{k: v for k, v in a.items() if k != "name"})
        elif do == "stop-start":    # both before anybody can ask
            self.stop(a["name"], ms=-1)
            number = self.job_new(a["name"], "start")
            self.job_end(number, "done", lambda: self.started(a["name"]))
            if a.get("crash"):
                self.set(a["name"], ActiveState="failed", SubState="failed", MainPID=0, Result="signal",
                         ExecMainCode=2, ExecMainStatus=6)
        elif do == "job":           # a job that ends at once: name, type, result
            number = self.job_new(a["name"], a["type"])
            self.job_end(number, a.get("result", "done"))
        elif do == "job-begin":     # a job that stays: name, type -> its number
            return self.job_new(a["name"], a["type"])
        elif do == "job-end":       # job, result
            self.job_end(a["job"], a.get("result", "done"))
        elif do == "job-forget":    # it is gone and nobody is told
            name, _ = self.jobs.pop(a["job"])
            self.units[name]["job"] = 0
        elif do == "crash":
            self.set(a["name"], ActiveState="failed", SubState="failed", MainPID=0, Result=a.get("result", "exit-code"),
                     ExecMainCode=a.get("code", 1), ExecMainStatus=a.get("status", 2))
        elif do == "flood":         # PropertiesChanged, many times
            for _ in range(a["n"]):
                self.set(a["name"], NRestarts=0)
        elif do == "answer":        # method, error [name, text] | delay ms | never; times
            self.answers[a["method"]] = {k: v for k, v in a.items() if k != "method"}
        elif do == "hook":          # method, then {"do": …}, skip: happens right before that call, once, is answered
            self.hooks[a["method"]] = {"skip": a.get("skip", 0), "then": a["then"]}
        elif do == "restarts":      # how the jobs of restarts go: job_ms (< 0: never end), job_result, early_removed
            self.job_ms = a.get("job_ms", 20)
            self.job_result = a.get("job_result", "done")
            self.early_removed = a.get("early_removed", False)
        elif do == "inhibitors":    # list of [who, mode]
            self.inhibitors, self.logind_error = a["list"], a.get("error")
        elif do == "system-state":
            self.system_state = a["state"]
        elif do == "polkit":        # refused: verbs
            self.refused = a["refused"]
        elif do == "polkit-asked":  # -> list of [kind of subject, its name, action, details]
            return self.polkit_asked
        elif do == "reload":
            self.signal(MANAGER_PATH, MANAGER + ".Manager", "Reloading", "b", True)
            self.signal(MANAGER_PATH, MANAGER + ".Manager", "Reloading", "b", False)
        elif do == "away":          # the names leave the bus; back after ms (< 0: never)
            self.own(False)
            if a["ms"] >= 0:
                self.later(a["ms"], lambda: self.own(True))
        elif do == "counts":        # -> {method: how often}, and forgets
            counts, self.counts = self.counts, {}
            return counts
        elif do == "killed":
            return self.killed
        elif do == "get":
            return self.units[self.canonical(a["name"])]["properties"]
        else:
            raise ValueError(do)
        return None


def serve(address):
    import dbus
    import dbus.bus
    import dbus.lowlevel
    import dbus.mainloop.glib
    from gi.repository import GLib

    bus = dbus.bus.BusConnection(address, mainloop=dbus.mainloop.glib.DBusGMainLoop())
    loop = GLib.MainLoop()
    server = Server(bus, loop, GLib, dbus)
    bus.call_on_disconnection(lambda _bus: loop.quit())
    print("ready", flush=True)
    loop.run()
    del server


class FakeSystemd:
    """A private bus with the fake on it: its address is for DBUS_SYSTEM_BUS_ADDRESS."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="fake-systemd-")
        self.path = os.path.join(self.directory.name, "bus")
        self.address = "unix:path=" + self.path
        self.config = os.path.join(self.directory.name, "bus.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(BUS_CONFIG.format(path=self.path))
        self.daemon = self.server = self.control = None
        self.start()

    def start(self):
        """Starts the bus (again) and the fake, which then knows no unit."""
        self.daemon = subprocess.Popen(["dbus-daemon", "--nofork", "--config-file", self.config, "--print-address=1"],
                                       stdout=subprocess.PIPE)
        assert self.daemon.stdout.readline()
        self.server = subprocess.Popen(["/usr/bin/python3", os.path.abspath(__file__), "--address", self.address],
                                       stdout=subprocess.PIPE)
        assert self.server.stdout.readline() == b"ready\n"

    def stop(self):
        """Takes the bus away."""
        if self.control:
            self.control.close()
            self.control = None
        for p in (self.server, self.daemon):
            if p:
                p.kill()
                p.wait()
                p.stdout.close()
        self.server = self.daemon = None
        if os.path.exists(self.path):
            os.unlink(self.path)

    def close(self):
        self.stop()
        self.directory.cleanup()

    def do(self, what, **arguments):
        """Tells the fake something; see Server.do()."""
        import dbus.bus
        if not self.control:
            self.control = dbus.bus.BusConnection(self.address)
            self.control.set_exit_on_disconnect(False)
        fake = self.control.get_object("fake.Control", "/fake", introspect=False)
        return json.loads(fake.Do(json.dumps({"do": what, **arguments}), dbus_interface="fake.Control"))

    def environment(self):
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}


def do_once(address, text):
    import dbus.bus
    bus = dbus.bus.BusConnection(address)
    reply = bus.get_object("fake.Control", "/fake", introspect=False).Do(text, dbus_interface="fake.Control")
    print(reply)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--do", metavar="JSON")
    parser.add_argument("--bus-config", action="store_true", help="print the configuration of a bus at this address")
    args = parser.parse_args()
    if args.bus_config:
        print(BUS_CONFIG.format(path=args.address.removeprefix("unix:path=")))
    elif args.do:
        do_once(args.address, args.do)
    else:
        serve(args.address)


if __name__ == "__main__":
    sys.exit(main())
