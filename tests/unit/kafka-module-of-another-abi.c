/* A module of another version than the program: only its number can be looked at. */
#include "observe/kafka_module.h"

extern const unsigned connect_watchdog_kafka_module;
const unsigned connect_watchdog_kafka_module = KAFKA_MODULE_ABI + 1;
