/* What systemd and polkit know: plain questions on the system bus, one after another, each bounded in time.
 */
#pragma once

#include "ctl/unit_checks.h"

#define AGENT_UNIT "connect-watchdog.service"

struct ctl_bus;

/* Returns 0, or a negative errno with *problem: why there is no systemd to be asked. */
int ctl_bus_open(struct ctl_bus **ret, char *problem, size_t size);
struct ctl_bus *ctl_bus_free(struct ctl_bus *b);
DEFINE_CLEANUP(struct ctl_bus *, ctl_bus_free)

/* Reads the unit as systemd has it, loading it if need be; not the files of its process. Returns 0, or a
 * negative errno with *problem. Once systemd has not answered in time it is not asked again. */
int ctl_bus_read_unit(struct ctl_bus *b,
                      const char *name,
                      struct unit_facts *ret,
                      char *problem,
                      size_t size);

/* What decides what the unit runs: its unit file, its drop-ins, the programs that it starts and the files
 * that these are given by path. Returns 0 or a negative errno with *problem. */
int ctl_bus_read_unit_files(struct ctl_bus *b, const char *name, char ***ret, char *problem, size_t size);

/* Has systemd reload a unit that runs. Returns 0; -ESHUTDOWN: it does not run; or another negative errno
 * with *problem. */
int ctl_bus_reload(struct ctl_bus *b, const char *name, char *problem, size_t size);

/* Asks polkit whether the agent, whose main process that is, may do to unit what w has it do. */
void ctl_bus_ask_polkit(struct ctl_bus *b,
                        const struct worker_settings *w,
                        const char *unit,
                        uint32_t agent_pid,
                        struct polkit_facts *ret);
