/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_FITTER_H
#define EMBLAS_FITTER_H

#include "start.h"

/* Everything a fit holds; one arena. */
struct emblas_fitter {
  struct arena arena;
  struct emblas_data data;
  struct emblas_options options;
  struct view_summary summary;
  struct frame frame;
  struct pass pass;
  struct gaussian_floor floor;
  struct starter starter;
  struct emblas_em_model map;
  struct emblas_em *em; /* of the start that is running; NULL before the first */
  double *theta;        /* gaussian_theta_size entries, as all of these */
  double *spare;
  double *unit;                   /* d: deviations that accelerated steps measure means in; and room for d */
  unsigned *flags;                /* k: of the last M step */
  unsigned *column_flags;         /* d */
  double weight_unit;             /* the caller's observation weights are the data's times this */
  enum emblas_stop_reason reason; /* of the running start */
  size_t maps;                    /* of all starts so far */
  size_t component;               /* at fault in a start that failed, or EMBLAS_NOWHERE */
};

#endif
