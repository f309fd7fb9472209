/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * Status codes, the allocator hook and the export macro: what every emblas header needs.
 */
#ifndef EMBLAS_STATUS_H
#define EMBLAS_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(EMBLAS_STATIC)
#define EMBLAS_API
#elif defined(__GNUC__)
#define EMBLAS_API __attribute__((visibility("default")))
#else
#define EMBLAS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Every status: code, value, text. Errors are negative. */
#define EMBLAS_STATUS_LIST(X)                                                                              \
  X(EMBLAS_OK, 0, "success")                                                                               \
  X(EMBLAS_ERROR_ARGUMENT, -1, "an argument or option is missing or out of range")                         \
  X(EMBLAS_ERROR_MEMORY, -2, "out of memory")                                                              \
  X(EMBLAS_ERROR_SIZE, -3, "the sizes are more than memory can address or a BLAS can count")               \
  X(EMBLAS_ERROR_NOT_FINITE, -4, "a value is NaN or infinite")                                             \
  X(EMBLAS_ERROR_WEIGHT, -5, "observation weights must be >= 0, not all zero, their sum below 1e280")      \
  X(EMBLAS_ERROR_TOO_FEW_ROWS, -6, "fewer rows with positive weight than components")                      \
  X(EMBLAS_ERROR_LABEL, -7, "a label is not below the number of components, or a label is unused")         \
  X(EMBLAS_ERROR_DIMENSION, -8, "the model and the data differ in dimension")                              \
  X(EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, -9, "a covariance matrix is not positive definite")                \
  X(EMBLAS_ERROR_MIXING_WEIGHTS, -10, "mixing weights must be non-negative and sum to 1")                  \
  X(EMBLAS_ERROR_NUMERICAL, -11, "the log-likelihood is not a number")                                     \
  X(EMBLAS_ERROR_RESPONSIBILITY, -12,                                                                      \
    "responsibilities must be finite and >= 0, not all zero in a row or a component")                      \
  X(EMBLAS_ERROR_RANGE, -13, "a result is beyond the range of double precision")                           \
  X(EMBLAS_ERROR_NOT_SYMMETRIC, -14, "a covariance matrix is not symmetric")                               \
  X(EMBLAS_ERROR_COMPONENTS, -15, "the model has another number of components")                            \
  X(EMBLAS_ERROR_COVARIANCE, -16, "a covariance has entries that its covariance model does not have")      \
  X(EMBLAS_ERROR_VALUE, -17, "a value is none that components of the family have")                         \
  X(EMBLAS_ERROR_FILE, -18, "a file cannot be read or written, or is not what it should be")               \
  X(EMBLAS_ERROR_READ, -19, "the reader of the data could not hand out rows")                              \
  X(EMBLAS_ERROR_SUM, -20, "the hook that adds up over processes has failed")

typedef enum emblas_status {
#define EMBLAS_STATUS_ENUM(name, value, text) name = value,
  EMBLAS_STATUS_LIST(EMBLAS_STATUS_ENUM)
#undef EMBLAS_STATUS_ENUM
      EMBLAS_STATUS_FORCE_INT = 0x7fffffff
} emblas_status;

/** A place, as the row of an error, that is none. */
#define EMBLAS_NOWHERE ((size_t)-1)

/** The text of a status; never NULL, static storage. */
EMBLAS_API const char *emblas_status_string(emblas_status status);

/**
 * Where memory comes from. Both functions or neither; a zeroed struct means malloc and free.
 * `allocate` returns memory aligned as malloc's, or NULL. Both may be called from several threads at once:
 * by emblas_select(), which fits on threads of its own, and where fits, or predictions of one model, run at
 * once.
 */
struct emblas_allocator {
  void *(*allocate)(void *context, size_t bytes);
  void (*release)(void *context, void *memory);
  void *context;
};

#ifdef __cplusplus
}
#endif
#endif
