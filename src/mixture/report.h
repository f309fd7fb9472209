/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_REPORT_H
#define EMBLAS_REPORT_H

#include <emblas/emblas.h>

/* A copy of an array for the report, from its allocator. Empty arrays are NULL. */
emblas_status emblas_report_copy(struct emblas_report *report, const void *from, size_t count,
                                 size_t element, void **to);

/* Clears a report, which may be NULL. EMBLAS_ERROR_ARGUMENT where it is of another size than this
   version's. */
emblas_status emblas_report_accept(struct emblas_report *report);

/* Names the argument, or the field of one, that is missing or out of range. report may be NULL. Returns
   EMBLAS_ERROR_ARGUMENT. */
emblas_status emblas_report_argument(struct emblas_report *report, const char *argument);

/* Clears an initialised report and gives it the allocator. */
void emblas_report_begin(struct emblas_report *report, struct emblas_allocator allocator);

/* Says where an error is. report may be NULL. Returns status. */
emblas_status emblas_report_place(struct emblas_report *report, emblas_status status, size_t row,
                                  size_t column, size_t component);

#endif
