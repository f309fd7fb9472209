/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "../base/arena.h"
#include "../base/sized.h"

#include <math.h>
#include <string.h>

void emblas_report_init(struct emblas_report *report, size_t size) {
  struct emblas_report defaults = {.size = size,
                                   .loglik = NAN,
                                   .row = EMBLAS_NOWHERE,
                                   .column = EMBLAS_NOWHERE,
                                   .component = EMBLAS_NOWHERE,
                                   .iteration = EMBLAS_NOWHERE};
  sized_init(report, size, &defaults, sizeof defaults);
}

void emblas_report_clear(struct emblas_report *report) {
  if (report == NULL || report->size != sizeof *report) return;
  void *arrays[] = {report->starts, report->trace, report->component_flags, report->component_rows,
                    report->column_flags};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    if (arrays[i] != NULL) report->allocator.release(report->allocator.context, arrays[i]);
  emblas_report_init(report, report->size);
}

emblas_status emblas_report_accept(struct emblas_report *report) {
  if (report != NULL && report->size != sizeof *report) return EMBLAS_ERROR_ARGUMENT;
  emblas_report_clear(report);
  return EMBLAS_OK;
}

emblas_status emblas_report_argument(struct emblas_report *report, const char *argument) {
  if (report != NULL) report->argument = argument;
  return EMBLAS_ERROR_ARGUMENT;
}

void emblas_report_begin(struct emblas_report *report, struct emblas_allocator allocator) {
  if (report == NULL) return;
  emblas_report_clear(report);
  report->allocator = emblas_allocator_or_default(allocator);
}

emblas_status emblas_report_copy(struct emblas_report *report, const void *from, size_t count,
                                 size_t element, void **to) {
  *to = NULL;
  if (count == 0) return EMBLAS_OK;
  void *copy = report->allocator.allocate(report->allocator.context, count * element);
  if (copy == NULL) return EMBLAS_ERROR_MEMORY;
  memcpy(copy, from, count * element);
  *to = copy;
  return EMBLAS_OK;
}

emblas_status emblas_report_place(struct emblas_report *report, emblas_status status, size_t row,
                                  size_t column, size_t component) {
  if (report == NULL || status == EMBLAS_OK) return status;
  report->row = row;
  report->column = column;
  report->component = component;
  return status;
}
