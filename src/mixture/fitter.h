/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_FITTER_H
#define EMBLAS_FITTER_H

#include "compression.h"
#include "move.h"
#include "start.h"
#include "stream.h"

/* Everything a fit holds; one arena. */
struct emblas_fitter {
  struct arena arena;
  struct emblas_data data;
  struct emblas_options options;
  struct view_summary summary;
  struct frame frame;
  struct pass pass;
  struct group group;     /* the processes that share the rows */
  unsigned short *counts; /* of rows with weight in each leaf, where rows are walked over as they come and
                             have weights */
  struct emblas_data sample; /* of rows that are walked over as they come; rows 0: they are not */
  double sample_weight;      /* its total */
  struct starter starter;
  struct mover mover; /* of a fit that may have several starts */
  struct compression compression;
  struct emblas_em_model map;
  struct emblas_em *em; /* of the start that is running; NULL before the first */
  double *theta;        /* as many entries as there are parameters, as all of these */
  double *spare;
  double *metric, *metric_at; /* of accelerated steps, and the parameters where it is this .. */
  int measured;               /* .. once it was asked for */
  double *compressed;         /* M(theta) of the compressed rows, beside that of all */
  unsigned *flags;            /* k: of the last M step */
  unsigned *start_flags;      /* k: of a start that was given, before any M step */
  unsigned *run_flags;        /* k: room for those of a run that has ended */
  unsigned *candidate_flags;  /* k: room for those of a candidate of accelerated steps */
  size_t *places;             /* k: the component at each place of the model */
  unsigned *column_flags;     /* d */
  double weight_unit;         /* the caller's observation weights are the data's times this */
  double tolerance; /* as given, of rows of the mean weight: options.tolerance is that of these rows .. */
  double run_tolerance;            /* .. and this the same in units of weight_unit, as runs take it */
  enum emblas_stop_reason reason;  /* of the running start */
  size_t maps;                     /* of all starts so far */
  size_t iterations;               /* of the running start, before it went on with all rows */
  size_t rows;                     /* that the last map of EM walked over */
  int complete;                    /* the last map was one of all rows, M step and all */
  const struct emblas_em *settled; /* the run of whose parameters the pass holds what all rows say */
  int verify_later;                /* a start that stops need not be verified: its owner will choose */
  size_t component;                /* at fault in a start or a model that failed, or EMBLAS_NOWHERE */
  size_t iteration;                /* at which the last run failed, or EMBLAS_NOWHERE */
};

/* The option that is out of range, as "options.floor"; NULL: none is. Static. */
const char *emblas_options_fault(const struct emblas_options *options);

/* How many starts the options leave: one, unless they are random and there is more than one component,
   which is where it belongs after one map. */
size_t emblas_options_starts(const struct emblas_options *options);

/* How many rows starts are tried on, where there are many. */
size_t emblas_fitter_sample_rows(const struct emblas_fitter *fitter);

/* Makes everything but the map, of a fitter that has its data, options and arena. components: their shape
   and backend. report: where the place of bad input goes, or NULL. */
emblas_status emblas_fitter_set_up(struct emblas_fitter *fitter, const struct components *components,
                                   struct emblas_report *report);

/* As emblas_fitter_start(), at the parameters of a model. */
emblas_status emblas_fitter_start_at(struct emblas_fitter *fitter, const struct emblas_model *model,
                                     size_t max_iterations);

/* The flags of the parameters of a run, k, as the last M step and emblas_sound_flags() have them. Returns
   how many components have one. */
size_t emblas_fitter_flags(struct emblas_fitter *fitter, unsigned *flags);

/* The parameters of a run that has ended are what emblas_fitter_move() moves components of, until the run
   is freed. suspect: the component that is to go, or k for none in particular. */
void emblas_fitter_aim(struct emblas_fitter *fitter, const struct emblas_em *em, size_t suspect);

/* As emblas_fitter_start(), where move number `number` leads to. */
emblas_status emblas_fitter_move(struct emblas_fitter *fitter, size_t number);

/* map.c: what em/ iterates. */
void emblas_fitter_make_map(struct emblas_fitter *fitter);

/* M(theta) and what the E step says on all rows, at the current parameters: what belongs to these and no
   other, and the flags. Before that the same on compressed rows, if there are any. Non-zero when the two
   agree. */
int emblas_fitter_settle(struct emblas_fitter *fitter);

/* conclude.c: a point of the trace in units of the data. */
struct emblas_em_point emblas_fitter_point(const struct emblas_fitter *fitter,
                                           const struct emblas_em_point *point);

/* Flags components, of those with weight, that have the same parameters as another but for the tolerance,
   in units of their deviations. */
void emblas_fitter_mark_equal(const struct components *m, const double *theta, double tolerance,
                              unsigned *flags);

/* Kernels run between these two, of which the first says what the second is to have. */
static inline int fitter_enter(const struct emblas_fitter *fitter) {
  const struct emblas_backend *backend = fitter->options.backend;
  return backend->enter != NULL ? backend->enter() : 0;
}

static inline void fitter_leave(const struct emblas_fitter *fitter, int token) {
  const struct emblas_backend *backend = fitter->options.backend;
  if (backend->leave != NULL) backend->leave(token);
}

/* Once a start has converged on compressed rows: is its end one for all rows, too? If not, the start goes
   on from there with all of them, and *agreed is 0. */
emblas_status emblas_fitter_verify(struct emblas_fitter *fitter, int *agreed);

#endif
