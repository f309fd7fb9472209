/* SPDX-License-Identifier: MIT */
/* What a mixture asks of the family that its components are of. A family is one const table of functions;
   EM, starts, searches, prediction and model files know nothing else of it. families.c lists them all.

   Parameters of a mixture are one vector theta = [ weights k | means k x d | what else the family has ], in
   the coordinates of the frame in a fit, in units of the data in a model. Statistics are a row of sums for
   each component, of which the first is its weight N. Scratch is room of one thread for one block. */
#ifndef EMBLAS_FAMILY_H
#define EMBLAS_FAMILY_H

#include "../base/arena.h"
#include "../base/random.h"
#include "../rows/boxes.h"
#include "../rows/frame.h"

/* The components of a mixture: what they are, how large their parameters are, and what the family keeps. */
struct components {
  const struct family *family;
  enum emblas_covariance covariance;
  size_t k, d;
  /* Set by the family's shape(): */
  size_t parameters; /* doubles of theta */
  size_t statistics; /* sums of one component */
  size_t
      features; /* that are made of a row, and may be kept with it; 0: the family takes rows as they are */
  size_t least_rows; /* with fewer a component's parameters follow from a few rows alone */
  enum frame_kind frame_kind;
  int independent; /* no component's parameters depend on the rows of another */
  /* Set before allocate(): */
  const struct emblas_backend *backend;
  /* Set by bound(): */
  const struct frame *frame;
  double floor;
  void *own; /* the family's: made by allocate() or by a model's allocate() */
};

/* A block of rows on its way through the E step. Features are made a panel at a time, which stays in the
   cache: all at once where they fit, else again for the statistics. */
struct block {
  size_t rows, stride;
  size_t panel; /* features in a panel */
  double *x;    /* d x stride: rows in the frame, a column after the other */
  double *phi;  /* panel x stride */
  double *r;    /* k x stride: logits, then weighted responsibilities */
  int *made;    /* phi has all features of these rows already, in one panel; NULL: it is not to be kept */
};

/* Logits, softmax and statistics of a block: one after the other, or by one kernel of the backend, which
   may ask for the next rows by itself. */
enum sweep_kind { SWEEP_IN_STEPS, SWEEP_AT_ONCE, SWEEP_AT_ONCE_AND_AHEAD };

/* Unconstrained coordinates, in which accelerated steps are taken (em.h explains each). */
struct family_coordinates {
  size_t (*size)(const struct components *m);
  void (*to_free)(const struct components *m, const double *theta, double *free);
  /* Non-zero where finite coordinates stand for no admissible parameters. room: as theta. flags: k. */
  int (*from_free)(const struct components *m, const double *free, double *theta, double *room,
                   unsigned *flags, void *scratch);
  /* The metric at theta, an entry for each coordinate; a change as the metric sees it, and back. */
  void (*metric)(const struct components *m, const double *theta, double *scale);
  void (*whiten)(const struct components *m, const double *scale, const double *theta, double *change);
  void (*unwhiten)(const struct components *m, const double *scale, const double *theta, double *change);
  /* How far a whitened change moves each block of coordinates, in deviations of one observation. */
  size_t (*blocks)(const struct components *m);
  void (*moved)(const struct components *m, const double *theta, const double *change, double *distances);
};

/* Rows of one dimension that a few stand for: which cells of the line are narrow enough for that. */
struct family_line {
  void *(*allocate)(const struct components *m, struct arena *arena);
  /* patience: 1 for cells as wide as may be; less for narrower ones, which stay admissible for a while. */
  void (*prepare)(void *line, const double *theta, double patience);
  /* Are other parameters so near to those of prepare() that narrow cells still are admissible? */
  int (*near)(const void *line, const double *theta);
  /* A compress_strain; the context is the line. */
  double (*strain)(void *line, double low, double high);
};

/* Rows in boxes, of which components out of reach are left out. */
struct family_boxes {
  void (*allocate)(const struct components *m, struct arena *arena, const struct boxes *boxes,
                   size_t threads);
  /* After prepare(): are so few components within reach of a box that it is faster to go box by box? */
  int (*pay)(const struct components *m);
  /* Adds one box, which is a block, to the sums and statistics. */
  void (*sweep)(const struct components *m, size_t box, size_t thread, const struct block *block,
                const double *weights, double *stats, struct emblas_block_sums *sums, void *scratch);
};

/* What a search needs that moves a component to other rows. */
struct family_moves {
  /* Distances are measured from this point of the frame, in units of component c's spread .. */
  void (*aim)(const struct components *m, const double *theta, size_t c, const double *point);
  /* .. half the squares of those of a block's rows. */
  void (*distances)(const struct components *m, const struct block *block, double *squares, void *scratch);
  /* Components that were put together become parameters that the model has. room: as theta. */
  void (*admit)(const struct components *m, double *theta, double *room, unsigned *flags, void *scratch);
  /* Have the first components of two mixtures the same mean, but for `tolerance` of their deviations? */
  int (*same_mean)(const struct components *m, const double *a, const double *b, double tolerance);
};

/* A mixture in units of the data, which rows and points are scored by; made once, then shared by threads.
 */
struct family_density {
  void (*allocate)(struct components *m, struct arena *arena);
  /* Returns k, or the first component that has no density in the range of double. */
  size_t (*prepare)(const struct components *m, const double *theta);
  /* Log weight + log density, plus log_volume(), of `count` rows, `stride` apart, into logits (k x
     logit_stride). room: `room` doubles for each row. */
  void (*logits)(const struct components *m, size_t count, const double *rows, size_t stride,
                 size_t logit_stride, double *logits, double *room);
  double (*log_volume)(const struct components *m);
  /* The log density of one finite point, and its responsibilities, k, unless NULL. Allocates nothing. */
  double (*at)(const struct components *m, const double *x, double *responsibilities);
  double (*products)(const struct components *m); /* the work on a row and a component */
  size_t room;
};

struct family {
  const char *name;
  int covariances; /* do components have parameters beside their means? */
  /* Which values a row may hold; NULL: any that are finite. */
  int (*admits)(double value);

  /* ---------------------------------------------------------------- sizes and memory */

  /* EMBLAS_ERROR_SIZE where the numbers do not fit. */
  emblas_status (*shape)(struct components *m);
  void (*allocate)(struct components *m, struct arena *arena);
  /* NULL: none is needed. */
  void *(*scratch)(const struct components *m, struct arena *arena, size_t stride);
  /* What bounds the parameters of a fit to the frame's rows. */
  void (*bound)(struct components *m);
  size_t (*count)(const struct components *m); /* free parameters beside the weights */

  /* ---------------------------------------------------------------- the E step */

  /* theta -> what a pass needs. rows: so many roundings cancel each other; 0: each counts. */
  void (*prepare)(const struct components *m, const double *theta, double rows);
  /* Log weight + log density of each row under each component, into block->r. */
  void (*logits)(const struct components *m, const struct block *block, void *scratch);
  /* Adds the statistics of a block, from its weighted responsibilities, which are used up. */
  void (*accumulate)(const struct components *m, const struct block *block, double *stats, void *scratch);
  /* NULL: always in steps. */
  enum sweep_kind (*sweep_kind)(const struct components *m);
  void (*sweep)(const struct components *m, const struct block *block, const double *weights,
                struct emblas_ahead ahead, double *stats, struct emblas_block_sums *sums, void *scratch);
  /* What the sums of all rows lack: the rounding of constants, or what sweep() has left out; of these,
     `hard` is NaN. NULL: nothing. */
  void (*correct)(const struct components *m, enum sweep_kind kind, const double *stats,
                  struct emblas_block_sums *sums);
  const struct family_boxes *boxes; /* NULL: every component is within reach */
  const struct family_line *line;   /* NULL: no rows may stand for others */

  /* ---------------------------------------------------------------- the M step */

  /* next from the statistics, which are used up. theta: the parameters before, kept by empty components.
     flags: k. Returns how many components have moved so far from the centre of their statistics that these
     are but rounding: they want statistics about the new means. */
  size_t (*maximise)(const struct components *m, const double *theta, double *stats, double *next,
                     unsigned *flags, void *scratch);
  /* Statistics will be about the means of theta, where that matters, and without logits before them. */
  void (*centre)(const struct components *m, const double *theta);
  const struct family_coordinates *coordinates;

  /* ---------------------------------------------------------------- starts, in the frame */

  /* Random parameters, but for the weights, within the ranges of the rows. room: as theta; flags: k. */
  void (*random)(const struct components *m, const struct view_summary *summary, struct random *random,
                 double *theta, double *room, unsigned *flags, void *scratch);
  /* The mean of component c becomes a point of the frame. */
  void (*put)(const struct components *m, double *theta, size_t c, const double *point);
  /* All components become as wide as the rows are: deviations (d) of the scaled columns. NULL: the mean is
     all. */
  void (*spread)(const struct components *m, const double *deviation, double *theta, double *room,
                 void *scratch);
  /* Parameters of a model, in units of the data, become the nearest admissible ones. room: as theta. flags:
     k, set. EMBLAS_ERROR_RANGE when *component overflows in the frame. */
  emblas_status (*convert)(const struct components *m, const struct components *from,
                           const double *from_theta, double *theta, double *room, unsigned *flags,
                           size_t *component, void *scratch);
  /* The same of a model of the same kind, and back. */
  void (*into_frame)(const struct components *m, const struct components *from, const double *from_theta,
                     double *theta);
  void (*out_of_frame)(const struct components *m, const double *theta, double *out);

  /* Parameters of a component, but for its weight, become those of one of another mixture of the kind. */
  void (*copy)(const struct components *m, const double *theta, size_t c, const struct components *to,
               double *to_theta, size_t to_c);

  /* ---------------------------------------------------------------- judgement */

  /* Have two components the same parameters, but for the weight and `tolerance` of their deviations? */
  int (*equal)(const struct components *m, const double *theta, size_t a, size_t b, double tolerance);
  /* Do two mixtures agree but for `tolerance`, relative to each parameter or its deviation? */
  int (*agree)(const struct components *m, const double *a, const double *b, double tolerance);
  /* Is component c so narrow that it has found rows that happen to lie close together? NULL: none is. */
  int (*narrow)(const struct components *m, const double *theta, size_t c, void *scratch);
  const struct family_moves *moves; /* NULL: a search has starts alone */

  /* ---------------------------------------------------------------- models, in units of the data */

  const struct family_density *density;
  /* Parameters that were given, but for the weights, are looked at and become theta. */
  emblas_status (*take)(const struct components *m, const struct emblas_parameters *given, double *theta,
                        size_t *component);
  void (*cholesky)(const struct components *m, const double *theta, size_t c, double *factor);
  void (*covariance)(const struct components *m, const double *theta, size_t c, double *covariance);
  /* Are all rows that may be drawn of component c in the range of double? And one of them. */
  int (*drawable)(const struct components *m, const double *theta, size_t c);
  void (*draw)(const struct components *m, const double *theta, size_t c, struct random *random, double *x);
};

/* NULL for a value that is no family. */
const struct family *emblas_family(enum emblas_family family);
enum emblas_family emblas_family_number(const struct family *family);

/* EMBLAS_ERROR_VALUE, and the place, where a value of the data is none that the family has. */
emblas_status emblas_family_check(const struct family *family, const struct emblas_data *data, size_t *row,
                                  size_t *column);

/* Free parameters of the mixture. */
static inline size_t components_count(const struct components *m) {
  return m->k - 1 + m->family->count(m);
}
static inline double *components_means(const struct components *m, double *theta) {
  return theta + m->k;
}

#endif
