/* SPDX-License-Identifier: MIT */
#include <emblas/emblas.h>

const char *emblas_version(void) {
  return EMBLAS_VERSION;
}

const char *emblas_status_string(emblas_status status) {
  switch (status) {
#define STATUS_TEXT(name, value, text)                                                                     \
  case name:                                                                                               \
    return text;
    EMBLAS_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
  default:
    return "unknown status";
  }
}

const char *emblas_stop_reason_string(enum emblas_stop_reason reason) {
  switch (reason) {
  case EMBLAS_RUNNING:
    return "running";
  case EMBLAS_CONVERGED:
    return "converged";
  case EMBLAS_ITERATION_LIMIT:
    return "iteration-limit";
  case EMBLAS_CANCELLED:
    return "cancelled";
  }
  return "unknown";
}
