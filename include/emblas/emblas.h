/* SPDX-License-Identifier: MIT */
/**
 * @file emblas.h
 * emblas: finite mixture models by expectation-maximisation. This header is the manual.
 *
 *     struct emblas_data data;
 *     struct emblas_options options;
 *     struct emblas_model *model = NULL;
 *
 *     emblas_data_init(&data, sizeof data);
 *     data.values = x, data.rows = n, data.columns = d;
 *     emblas_options_init(&options, sizeof options);
 *     options.components = 3;
 *     emblas_status status = emblas_fit(&data, &options, &model, NULL);
 *     ...
 *     emblas_model_free(model);
 *
 * Conventions. Matrices are row-major, a row is an observation. Log-likelihoods are totals in nats.
 * Sizes are size_t. A function that fails leaves its outputs as they were, except the report, which
 * says where; emblas_predict() has one more exception. The library prints nothing, never exits, and leaves
 * the host's locale, floating-point state, signal handlers and BLAS thread count as they were. Its global
 * state is this: how many fits run on a BLAS, and the thread count that the last of them puts back; how
 * many threads are at work; and whether the process came of a fork.
 *
 * Structs that the caller fills start with their size. An init function is told it, with sizeof, sets the
 * defaults, and writes no more than so many bytes. A call refuses a struct of another size than that of the
 * library that is linked (EMBLAS_ERROR_ARGUMENT): one that was not initialised, or that the caller compiled
 * with the header of another version.
 *
 * Threads. Any function may be called from any thread. A model is immutable: any number of threads may
 * use one. A fitter belongs to one thread at a time. While a fit runs on an OpenBLAS or BLIS backend the
 * process-wide BLAS thread count is 1; when the last of the fits that run at once returns, it is as before.
 * Threads that a call has woken are OpenMP's, which keeps them asleep for the next call. Inside a parallel
 * region of the host a call runs on the thread that it came from, and so does every call in the child of a
 * fork(), whatever its options ask for: gcc's OpenMP would wait there for threads that did not come along.
 * After an exec() there is no such limit.
 *
 * Results. The same data, options and seed give the same bits on one kind of CPU, for any number of
 * threads, and of processes that share the rows (data.h). Rows that are walked over as they come
 * (EMBLAS_COMPRESS_STREAM) give the same bits wherever they come from.
 */
#ifndef EMBLAS_EMBLAS_H
#define EMBLAS_EMBLAS_H

#include <emblas/backend.h>
#include <emblas/data.h>
#include <emblas/em.h>
#include <emblas/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header: for #if, and as a string, "0.1.0". */
#define EMBLAS_VERSION_MAJOR 0
#define EMBLAS_VERSION_MINOR 1
#define EMBLAS_VERSION_PATCH 0
#define EMBLAS_VERSION_TEXT(x) #x
#define EMBLAS_VERSION_JOIN(x, y, z)                                                                       \
  EMBLAS_VERSION_TEXT(x) "." EMBLAS_VERSION_TEXT(y) "." EMBLAS_VERSION_TEXT(z)
#define EMBLAS_VERSION EMBLAS_VERSION_JOIN(EMBLAS_VERSION_MAJOR, EMBLAS_VERSION_MINOR, EMBLAS_VERSION_PATCH)
/** The version of the library that is linked, as EMBLAS_VERSION. Static storage. */
EMBLAS_API const char *emblas_version(void);

/* --------------------------------------------------------------- options */

/** What the components of a mixture are distributions of. */
enum emblas_family {
  EMBLAS_GAUSSIAN = 0, /**< normal, with a covariance by options.covariance */
  /** Independent counts, one rate for each column (Hasselblad 1969): values are 0, 1, 2, .. up to 2^53. A
   * rate is never below options.floor of the mean of its column, so that no count is impossible. */
  EMBLAS_POISSON = 1
};
/** How many families there are: emblas_family runs from 0 to this minus 1. */
#define EMBLAS_FAMILY_COUNT 2
/** "gaussian", "poisson"; NULL for a value that is no family. Static storage. */
EMBLAS_API const char *emblas_family_string(enum emblas_family family);
/** Reads such a name. EMBLAS_ERROR_ARGUMENT when it is none. */
EMBLAS_API emblas_status emblas_family_parse(const char *name, enum emblas_family *family);
/** Have components covariances beside their means, by a covariance model? 0 where the means are all. */
EMBLAS_API int emblas_family_has_covariances(enum emblas_family family);

/**
 * The covariance model of Gaussian components: those of mclust, by whose names a covariance is volume x
 * orientation x shape x orientation'. Of volume (the geometric mean of the eigenvalues), shape (what they
 * are beside it) and orientation (the eigenvectors) each is E, equal in all components, V, a component's
 * own, or I, that of the identity. In one dimension there are two: V where volumes are components' own,
 * else E. Their parameters: see emblas_parameter_count().
 */
enum emblas_covariance {
  EMBLAS_FULL = 0,           /**< each component its own matrix (VVV) */
  EMBLAS_TIED = 1,           /**< one matrix for all (EEE) */
  EMBLAS_DIAG = 2,           /**< each component its own diagonal matrix (VVI) */
  EMBLAS_SPHERICAL = 3,      /**< each component its own multiple of the identity (VII) */
  EMBLAS_TIED_DIAG = 4,      /**< one diagonal matrix for all (EEI) */
  EMBLAS_TIED_SPHERICAL = 5, /**< one multiple of the identity for all (EII) */
  EMBLAS_VEI = 6,            /**< multiples of one diagonal matrix */
  EMBLAS_EVI = 7,            /**< diagonal matrices of the same determinant */
  EMBLAS_VEE = 8,            /**< multiples of one matrix */
  EMBLAS_EVE = 9,            /**< matrices of the same eigenvectors and the same determinant */
  EMBLAS_VVE = 10,           /**< matrices of the same eigenvectors */
  EMBLAS_EEV = 11,           /**< matrices of the same eigenvalues */
  EMBLAS_VEV = 12,           /**< matrices whose eigenvalues are multiples of the same */
  EMBLAS_EVV = 13            /**< matrices of the same determinant */
};
/** How many covariance models there are: emblas_covariance runs from 0 to this minus 1. */
#define EMBLAS_COVARIANCE_COUNT 14
/** "full", "tied", "diag", "spherical", "tied-diag", "tied-spherical", of others mclust's name in small
 * letters; NULL for a value that is none. */
EMBLAS_API const char *emblas_covariance_string(enum emblas_covariance covariance);
/** mclust's name, or in one dimension V, E; NULL for a value that is none. */
EMBLAS_API const char *emblas_covariance_mclust(enum emblas_covariance covariance, size_t dim);
/** Reads either kind of name. EMBLAS_ERROR_ARGUMENT when it is none. */
EMBLAS_API emblas_status emblas_covariance_parse(const char *name, enum emblas_covariance *covariance);

/** Where a fit begins. */
enum emblas_start {
  /** By turns: k-means (greedy k-means++ seeding, Lloyd's rounds to their end) on standardised columns,
   * then an M step from the partition; the same on whitened columns, where covariances are full or tied;
   * EMBLAS_START_RANDOM. */
  EMBLAS_START_KMEANSPP = 0,
  /** Weights uniform then normalised; means uniform over each column's range; variances the square of
   *  uniforms, in units of the columns' squared ranges, raised to the floor; covariances diagonal. Tied:
   * the first component's for all. Spherical: the mean of a component's variances. */
  EMBLAS_START_RANDOM = 1,
  EMBLAS_START_LABELS = 2, /**< an M step from options.labels */
  /**
   * The parameters of options.model. Its covariance model may differ: then the covariances become what an M
   * step would make of them, the nearest that options.covariance admits. Variances below the floor are
   * raised to it, and the components are flagged.
   */
  EMBLAS_START_MODEL = 3,
  EMBLAS_START_RESPONSIBILITIES = 4 /**< an M step from options.responsibilities */
};

/** In which order the components of a model stand; equal ones as they come. Log-likelihoods are the same
 * bits. */
enum emblas_order {
  EMBLAS_ORDER_NONE = 0,    /**< as in the start: those of labels, responsibilities and models keep their
                                 numbers; those of random starts come by chance */
  EMBLAS_ORDER_WEIGHT,      /**< by mixing weight, the largest first */
  EMBLAS_ORDER_FIRST_COLUMN /**< by the mean in the first column, the smallest first */
};

/** Whether rows are merged before EM walks over them. */
enum emblas_compression {
  /**
   * Equal rows are merged where that pays. In one dimension, with 200 rows a component or more, rows that
   * lie close together for every component are replaced by fewer weighted ones with the same moments (Gauss
   * quadrature of the rows' own measure); the time of an iteration then hardly depends on n. The result is
   * verified on all rows and is that of EMBLAS_COMPRESS_NONE to roundoff. From 4096 rows on, where all
   * starts together may take 16 maps or more; below that nothing is changed.
   * Memory: in one dimension 17 n bytes, 25 n with weights, and half as much again while it is set up;
   * otherwise less than the data for what is merged, and nothing where it does not pay.
   */
  EMBLAS_COMPRESS_AUTO = 0,
  /**
   * Every pass walks over every row. With one column and 16 components or more it may do so in the order of
   * their values, of which a copy is made: 8 n bytes, 16 n with weights, and as much again while it is
   * made.
   */
  EMBLAS_COMPRESS_NONE = 1,
  /**
   * Every pass walks over every row, as it comes, and no copy is made: the only way for rows of a reader
   * and of several processes, which always take it. Random starts are tried on a sample of rows, and go on
   * with all of them. The same bits, wherever the rows come from.
   */
  EMBLAS_COMPRESS_STREAM = 2
};

/** Where a running fit stands. */
struct emblas_progress {
  size_t start;                      /**< which run it is, of a start or a move, from 0 */
  size_t starts;                     /**< how many there will be, as far as is known */
  struct emblas_em_point point;      /**< its last iteration; the log-likelihood in units of the data; while
                                        starts are tried on a sample, that of the sample */
  double best_loglik;                /**< of the best finished run; -INFINITY before the first */
  size_t components;                 /**< of the model that is fitted, .. */
  enum emblas_family family;         /**< .. its family .. */
  enum emblas_covariance covariance; /**< .. and its covariance model */
  size_t trial;  /**< how many models emblas_select() has done with; emblas_fit(): 0 .. */
  size_t trials; /**< .. of so many; emblas_fit(): 1 */
  size_t sample; /**< of so many rows are starts tried; 0: the iteration was one of all rows */
};
/** Called after every iteration; a result other than 0 ends the fit, which keeps the best so far. */
typedef int (*emblas_progress_function)(void *context, const struct emblas_progress *progress);

struct emblas_options {
  size_t size;                       /**< sizeof(struct emblas_options), set by init */
  enum emblas_family family;         /**< default EMBLAS_GAUSSIAN */
  size_t components;                 /**< k, from 1 to the number of rows of positive weight; default 1 */
  enum emblas_covariance covariance; /**< default EMBLAS_FULL */
  enum emblas_start start;           /**< default EMBLAS_START_KMEANSPP */
  /**
   * >= 1; the budget of the random kinds of start, for k > 1; default 20. 1: one start, run to its end.
   * Else half of them are run, and moves, up to 16 a start, take the place of the others, see emblas_fit().
   */
  size_t starts;
  uint64_t seed;                  /**< default 1; start s draws from a stream of its own */
  const size_t *labels;           /**< n labels 0..k-1, each used; for EMBLAS_START_LABELS */
  const double *responsibilities; /**< n x k, finite, >= 0; every row is divided by its sum, which is above
                                       0, and every component has a share of some row; for
                                       EMBLAS_START_RESPONSIBILITIES */
  const struct emblas_model *model; /**< for EMBLAS_START_MODEL */
  enum emblas_stop_rule stop;       /**< default EMBLAS_STOP_LOGLIK */
  double tolerance;                 /**< finite, >= 0 (0: never stop early); nats for rows of the mean
                                         observation weight, so that weights that are all multiplied by a
                                         constant lead to the same steps; of EMBLAS_STOP_WEIGHTS a change
                                         of the mixing weights; default 1e-7 */
  size_t max_iterations;            /**< EM maps of a run, of a start or a move; default 10000 */
  /** Default EMBLAS_ACCELERATE_AUTO. From labels, responsibilities, a model or one k-means++ start (starts
   * = 1) it ends, as a rule, in the optimum where plain EM ends. Random starts, and several of which the
   * best is kept, may each end on another hill than plain EM's, in half as many maps. */
  enum emblas_acceleration accelerate;
  enum emblas_compression compress; /**< default EMBLAS_COMPRESS_AUTO */
  size_t threads;                   /**< at most this many, see the top of this file; 0: what OpenMP would
                                         use. The result is the same bits for any number. Default 0 */
  /**
   * Smallest variance of a component in any direction, relative to that of all data in that direction
   * (spherical and tied-spherical, EVE, VVE, EEV, VEV: to the mean of the columns' variances), whatever k;
   * 0 < floor < 1, and taken for 2^-45 = 3e-14 where it is less and matrices are not diagonal. Full, tied,
   * VEE and EVV: where the covariance of all data is singular (a pivot below 1e-12 of its column's
   * variance), its diagonal counts as raised by 1e-12 of itself, or by as much more as makes it regular; in
   * a direction in which the data do not vary the floor is relative to what was added. Default 1e-12. A
   * component held there is flagged.
   */
  double floor;
  enum emblas_order order;              /**< of the model's components, default EMBLAS_ORDER_NONE */
  const struct emblas_backend *backend; /**< default NULL: emblas_backend_auto() */
  emblas_progress_function progress;    /**< default NULL */
  void *progress_context;               /**< default NULL */
  struct emblas_allocator allocator;    /**< default: malloc and free */
};
EMBLAS_API void emblas_options_init(struct emblas_options *options, size_t size);

/* ---------------------------------------------------------------- report */

/** Flags of a component. */
#define EMBLAS_COMPONENT_EMPTY 1u     /**< no row is left to it: weight 0, last mean and covariance kept */
#define EMBLAS_COMPONENT_COLLAPSED 2u /**< its covariance is held at the floor in some direction */
/**
 * The start, which was given, had another component of the same mean and covariance, and they are the same
 * still: EM maps equal components to equal ones, so that they cannot part. The model is one of fewer
 * components.
 */
#define EMBLAS_COMPONENT_EQUAL 4u
/**
 * It has less than the weight of d + 1 rows, or in some direction less than 1e-6 of the variance of all
 * data: a few rows that happen to lie close together make the likelihood as large. Not set beside the first
 * two. With observation weights rows are counted, whatever they weigh; where there are less than k (d + 1)
 * of them their number is no fault.
 */
#define EMBLAS_COMPONENT_SPURIOUS 8u
/** Flags of a column. */
#define EMBLAS_COLUMN_CONSTANT 1u /**< all values equal: a point mass, of a tiny nominal variance */

/**
 * One start of a fit. Of many rows, starts are first tried on a sample, and the best three go on with all
 * rows: what the others say is what they came to on the sample. Of the one that was kept: what the run says
 * that its moves led to.
 */
struct emblas_start_result {
  emblas_status status;         /**< an unsuccessful start does not fail the fit unless all do */
  enum emblas_stop_reason stop; /**< why it ended; EMBLAS_RUNNING: it failed, see status, or was given up,
                                   far from what was known by then */
  size_t iterations;            /**< steps between the start and its end, plain and accelerated ones */
  size_t rows;      /**< it was run on: fewer than the data's when it was given up after the sample */
  double loglik;    /**< at its end, of those rows */
  unsigned flagged; /**< components with a flag at its end */
};

/** The rows that a component with a flag stands on. */
struct emblas_component_rows {
  double rows;  /**< its responsibilities added up, whatever the rows weigh */
  size_t row;   /**< the row that is most its own, the first of several, from 0; EMBLAS_NOWHERE when it has
                   none, or rows are walked over as they come */
  size_t equal; /**< how many rows of positive weight are equal to that one, itself among them; 0 when it
                   has none */
};

/**
 * What a fit has to say beside the model. Filled by the library; the arrays are its own until
 * emblas_report_clear(). Also filled when a fit fails: then the places say where.
 */
struct emblas_report {
  size_t size; /**< sizeof(struct emblas_report), set by init */
  enum emblas_stop_reason
      stop;             /**< of the start that was kept; EMBLAS_CANCELLED when the hook ended the fit */
  size_t iterations;    /**< its steps, plain and accelerated ones */
  size_t maps;          /**< EM maps computed in all starts and moves together, rejected ones too */
  size_t rows;          /**< that EM walked over at its end: fewer than the data's when those were
                             compressed, see enum emblas_compression */
  double loglik;        /**< of the model that was returned, on all rows of the data */
  double entropy;       /**< of the responsibilities there, nats: loglik - Q */
  size_t parameters;    /**< free parameters */
  double total_weight;  /**< sum of the observation weights; n without weights */
  double bic, aic, icl; /**< see emblas_criteria() */
  const char *backend;  /**< name of the backend used; static */
  size_t threads;       /**< how many threads the fit had room for: options.threads, or fewer where there
                             are few rows. A walk over rows wakes as many of them as it has work for */
  size_t best_start;    /**< index into starts of the one kept */
  size_t start_count;   /**< starts that ran: see options.starts */
  size_t moves;         /**< moves that were tried */
  size_t moves_kept;    /**< moves that led to a better model */
  struct emblas_start_result *starts;
  size_t trace_length;
  struct emblas_em_point *trace; /**< every iteration of the run that was kept, from the start or the last
                                    move on, in units of the data. With compressed rows the log-likelihoods
                                    are moved to what all rows have at the last iteration, and so may be off
                                    by some eps from what options.progress was told */
  size_t components;
  unsigned *component_flags;                    /**< one a component, of the model returned */
  struct emblas_component_rows *component_rows; /**< one a component; NULL when none has a flag */
  size_t columns;
  unsigned *column_flags;            /**< one a column */
  size_t row;                        /**< error: row, from 0, or EMBLAS_NOWHERE */
  size_t column;                     /**< error: column, from 0, or EMBLAS_NOWHERE */
  size_t component;                  /**< error: component, from 0, or EMBLAS_NOWHERE */
  size_t iteration;                  /**< EMBLAS_ERROR_NUMERICAL: at which the last start failed; or
                                          EMBLAS_NOWHERE */
  const char *argument;              /**< EMBLAS_ERROR_ARGUMENT: which argument, or which field of one, as
                                          "model", "options.floor"; static storage; NULL: no such error */
  struct emblas_allocator allocator; /**< the arrays' */
};
EMBLAS_API void emblas_report_init(struct emblas_report *report, size_t size);
/** Frees the arrays and sets the report as new. NULL is allowed, and a report that no call has filled. */
EMBLAS_API void emblas_report_clear(struct emblas_report *report);

/* ------------------------------------------------------------------- fit */

struct emblas_model;

/**
 * Fits a mixture of Gaussians: checks the data, runs the starts and then moves from the best of them, and
 * keeps the model with the highest log-likelihood among those without flagged components; when there is
 * none, among those whose flags are EMBLAS_COMPONENT_SPURIOUS alone; else of all. Of runs within the
 * tolerance of each other, which climbed the same hill, the first. A move takes a component away and gives
 * it the rows nearest to one that is drawn. A run that would have to gain several times what it gained last
 * to become the best is given up. While no run without flags is known, and no more than half of the
 * components or three have one, up to 3 options.starts starts are run; with up to three components up to 8
 * options.starts while only one run has come to the best; but none once 200
 * options.starts maps and about a second's work were done.
 *
 * @param data     borrowed for the call
 * @param options  NULL for the defaults
 * @param model    receives a new model; free it with emblas_model_free(). Untouched on failure.
 * @param report   NULL, or initialised by emblas_report_init(); an earlier content is cleared
 * @return EMBLAS_OK (also when the iteration limit or the progress hook ended it, see report.stop);
 *         EMBLAS_ERROR_ARGUMENT (report: argument), _MEMORY, _SIZE; EMBLAS_ERROR_NOT_FINITE (row, column);
 *         EMBLAS_ERROR_WEIGHT (row, unless all are 0); EMBLAS_ERROR_TOO_FEW_ROWS; EMBLAS_ERROR_LABEL
 *         (row, or component that is unused); EMBLAS_ERROR_RESPONSIBILITY (row, and the component unless
 *         the row's are all 0; or the component that has no row); EMBLAS_ERROR_DIMENSION and
 *         EMBLAS_ERROR_COMPONENTS where options.model is of other sizes; EMBLAS_ERROR_RANGE (component)
 *         where one of its components is so far from the rows or so wide, or one of the result so narrow,
 *         that double precision does not hold what is computed of it; EMBLAS_ERROR_NUMERICAL where every
 *         start comes to a log-likelihood that is no number (iteration).
 *
 * Cost per iteration: O(n k p) with p = 1 + d + d(d+1)/2 (full, tied), 1 + 2d (diag), 2 + d (spherical).
 * Memory beside the data: O(b (d + min(p, 160) + k) + k p log n) for each thread with blocks of b <= 256
 * rows, at most 8 MiB or 16 k p numbers for the chunks that threads take, for k-means++ 8 n bytes, for
 * moves 16 n, for observation weights whose mean is not in [1, 2) 8 n, for starts that are tried on a
 * sample that of 16384 rows or of 20 for each free parameter, and what enum emblas_compression says. No
 * array of n x k is ever made.
 */
EMBLAS_API emblas_status emblas_fit(const struct emblas_data *data, const struct emblas_options *options,
                                    struct emblas_model **model, struct emblas_report *report);

/**
 * The same, driven by the caller: create, then for each start: start, step until it stops, and
 * finish whenever a model is wanted. `data`, and what `options` points to, must stay until the free. The
 * errors are emblas_fit()'s, as soon as they are seen; EMBLAS_ERROR_ARGUMENT too for a step or a finish
 * before the first start.
 */
struct emblas_fitter;
EMBLAS_API emblas_status emblas_fitter_create(const struct emblas_data *data,
                                              const struct emblas_options *options,
                                              struct emblas_fitter **fitter, struct emblas_report *report);
/** Sets the parameters to start number `start` (any number for random kinds; 0 otherwise). Where rows are
 * walked over as they come there are no random starts, which emblas_fit() makes on a sample:
 * EMBLAS_ERROR_ARGUMENT. */
EMBLAS_API emblas_status emblas_fitter_start(struct emblas_fitter *fitter, size_t start);
/** One iteration, as emblas_em_step(). point may be NULL. */
EMBLAS_API emblas_status emblas_fitter_step(struct emblas_fitter *fitter, struct emblas_em_point *point,
                                            enum emblas_stop_reason *reason);
/** A model of the current parameters, to be freed by the caller. report: NULL, or filled. */
EMBLAS_API emblas_status emblas_fitter_finish(struct emblas_fitter *fitter, struct emblas_model **model,
                                              struct emblas_report *report);
EMBLAS_API void emblas_fitter_free(struct emblas_fitter *fitter);

/* ---------------------------------------------------------------- select */

/** What is to be smallest in the model that emblas_select() chooses, see emblas_criteria(). */
enum emblas_criterion { EMBLAS_BIC = 0, EMBLAS_AIC = 1, EMBLAS_ICL = 2 };
#define EMBLAS_CRITERION_COUNT 3

/** The models that emblas_select() chooses from: each number of components under each covariance model. */
struct emblas_candidates {
  size_t size;             /**< sizeof(struct emblas_candidates), set by init */
  size_t least_components; /**< default 1 */
  size_t most_components;  /**< default 9 */
  const enum emblas_covariance
      *covariances; /**< borrowed for the call; default NULL: all there are. Those that
                       are another in one dimension by another name are left out. Families without
                       covariances have no such choice, and this is not looked at */
  size_t covariance_count;
  enum emblas_criterion criterion; /**< default EMBLAS_BIC */
};
EMBLAS_API void emblas_candidates_init(struct emblas_candidates *candidates, size_t size);

/** What came of one number of components under one covariance model. */
struct emblas_trial {
  size_t components;
  enum emblas_family family;
  enum emblas_covariance covariance;
  int tried;     /**< 0: the progress hook ended the search before */
  size_t starts; /**< that it was given: options.starts, or a tenth where that left it out of reach */
  emblas_status status; /**< of its fit */
  enum emblas_stop_reason stop;
  double loglik; /**< NAN unless status is EMBLAS_OK; what follows is 0 then */
  size_t parameters;
  double criteria[EMBLAS_CRITERION_COUNT];
  size_t flagged;         /**< components with a flag */
  size_t suspect;         /**< where there are any: the one of them that has the fewest rows, .. */
  unsigned suspect_flags; /**< .. its flags, .. */
  struct emblas_component_rows suspect_rows; /**< .. and its rows */
};

/** The table of a search. Filled by the library; the array is its own until emblas_selection_clear(). */
struct emblas_selection {
  size_t size;                 /**< sizeof(struct emblas_selection), set by init */
  struct emblas_trial *trials; /**< by number of components, then as the covariance models were given */
  size_t count;                /**< of trials */
  size_t tried;                /**< of them */
  size_t best;                 /**< index into trials of the model that was returned */
  int cancelled; /**< whether the progress hook ended the search before all were tried to their end */
  struct emblas_allocator allocator; /**< the array's */
};
EMBLAS_API void emblas_selection_init(struct emblas_selection *selection, size_t size);
/** Frees the array and sets the selection as new. NULL is allowed, and one that no call has filled. */
EMBLAS_API void emblas_selection_clear(struct emblas_selection *selection);

/**
 * Fits every candidate as emblas_fit() does and keeps the one whose criterion is smallest, among those
 * without flagged components where there are any. With random starts, 10 or more, and up to 8 columns all
 * run with a tenth of the starts first; then those with all starts that are within reach of the best: no
 * more than 10 + 5 k above it, and of n > 300 rows n / 300 times as much. A candidate that cannot be fitted
 * (EMBLAS_ERROR_TOO_FEW_ROWS, _NUMERICAL, and _RANGE unless a model is the start) is a trial with its
 * status. Of few data (up to 2^18 values) whole fits are shared out to the threads: the table and the model
 * have the same bits for any number of them. The progress hook is called from the caller's thread alone.
 *
 * @param data        borrowed for the call
 * @param options     as emblas_fit()'s, where components and covariance do not count; NULL for the defaults
 * @param candidates  NULL for the defaults
 * @param model       receives the chosen model; free it with emblas_model_free(). Untouched on failure
 * @param report      NULL, or as emblas_fit()'s: of the chosen model, or of the first failure when there is
 * none
 * @param selection   initialised by emblas_selection_init(); an earlier content is cleared. It holds the
 * table also where no candidate could be fitted
 * @return EMBLAS_OK (also when the hook ended it), or an error of emblas_fit(): one that concerns all
 * candidates, or that of the first when none can be fitted
 */
EMBLAS_API emblas_status emblas_select(const struct emblas_data *data, const struct emblas_options *options,
                                       const struct emblas_candidates *candidates,
                                       struct emblas_model **model, struct emblas_report *report,
                                       struct emblas_selection *selection);

/* ----------------------------------------------------------------- model */

/** Parameters of a model, in units of the data. */
struct emblas_parameters {
  size_t size;                       /**< sizeof(struct emblas_parameters), set by init */
  enum emblas_family family;         /**< default EMBLAS_GAUSSIAN */
  enum emblas_covariance covariance; /**< default EMBLAS_FULL */
  size_t components;                 /**< k >= 1 */
  size_t dim;                        /**< d >= 1 */
  const double *weights;             /**< k, >= 0, sum 1 within 1e-9 (renormalised) */
  const double *means;               /**< k x d, finite */
  const double *covariances;         /**< k x d x d, symmetric, positive definite; or NULL when .. */
  const double *cholesky;            /**< .. k x d x d lower factors are given, diagonals positive */
  struct emblas_allocator allocator; /**< default: malloc and free */
};
EMBLAS_API void emblas_parameters_init(struct emblas_parameters *parameters, size_t size);

/**
 * A model of given parameters; all are copied. Where both are given, cholesky counts. What a density needs
 * is made here, as it is with the model of a fit: O(k d^3) (full, tied), in k d^2 + 64 (k + 8) d numbers of
 * memory. Entries that the covariance model does not have (off-diagonals of diag and spherical, differences
 * between components of tied) must be absent from the input, and so must be entries above the diagonal of a
 * factor; volumes that the model says are equal must be so within 1e-4, shapes and orientations within
 * 1e-6: EMBLAS_ERROR_COVARIANCE otherwise.
 * @param component  NULL, or receives the component at fault, or EMBLAS_NOWHERE
 * @return EMBLAS_OK, EMBLAS_ERROR_ARGUMENT, _MEMORY, _SIZE, _NOT_FINITE, _MIXING_WEIGHTS, _COVARIANCE,
 *         _NOT_SYMMETRIC (by more than 1e-9 of its deviations), _NOT_POSITIVE_DEFINITE, _RANGE where the
 *         inverse of a factor is beyond the range of double
 */
EMBLAS_API emblas_status emblas_model_create(const struct emblas_parameters *parameters,
                                             struct emblas_model **model, size_t *component);
/** NULL is allowed. */
EMBLAS_API void emblas_model_free(struct emblas_model *model);

EMBLAS_API enum emblas_family emblas_model_family(const struct emblas_model *model);
EMBLAS_API size_t emblas_model_components(const struct emblas_model *model);
EMBLAS_API size_t emblas_model_dim(const struct emblas_model *model);
EMBLAS_API enum emblas_covariance emblas_model_covariance_model(const struct emblas_model *model);
/** k mixing weights: borrowed, valid while the model lives. */
EMBLAS_API const double *emblas_model_weights(const struct emblas_model *model);
/** k x d means: borrowed, valid while the model lives. */
EMBLAS_API const double *emblas_model_means(const struct emblas_model *model);
/**
 * Writes the d x d covariance of a component. component < k. Of data beyond 1e154 or below 1e-154 it may be
 * out of the range of double, and then is infinite or 0; the Cholesky factor never is.
 */
EMBLAS_API void emblas_model_covariance(const struct emblas_model *model, size_t component,
                                        double *covariance);
/** Writes its d x d lower Cholesky factor, zeros above. */
EMBLAS_API void emblas_model_cholesky(const struct emblas_model *model, size_t component, double *factor);

/* ----------------------------------------------------------- use a model */

/**
 * The log density of one row. What it needs was made with the model: the call allocates nothing, factorises
 * nothing, and costs O(k d^2) (full, tied) or O(k d). Any number of threads may call it at once. It is that
 * of emblas_predict() to within (k + 8) 2.2e-16 (1 + |log density|).
 * @param x                 d values
 * @param responsibilities  NULL, or receives k values that sum to 1
 * @return finite; NaN where a value of x is not finite, and then no responsibilities are written
 */
EMBLAS_API double emblas_model_log_density(const struct emblas_model *model, const double *x,
                                           double *responsibilities);

/** What emblas_predict() shall write; NULL for what is not wanted. */
struct emblas_prediction {
  size_t size;              /**< sizeof(struct emblas_prediction), set by init */
  size_t *labels;           /**< n: the component of largest responsibility; the lowest index in a tie */
  double *responsibilities; /**< n x k, rows sum to 1 */
  double *logpdf;           /**< n: log density of the row */
  double loglik;            /**< out: sum_i w_i log density */
  double entropy;           /**< out: -sum_i w_i sum_c r_ic log r_ic */
  double hard;              /**< out: sum_i w_i log max_c r_ic */
};
EMBLAS_API void emblas_prediction_init(struct emblas_prediction *prediction, size_t size);

/** How emblas_predict() works. */
struct emblas_predict_options {
  size_t size;    /**< sizeof(struct emblas_predict_options), set by init */
  size_t threads; /**< at most this many, see the top of this file; 0: what OpenMP would use. The result is
                     the same bits for any number. Default 0 */
  const struct emblas_backend *backend; /**< whose softmax turns densities into responsibilities; default
                                             NULL: emblas_backend_auto() */
  struct emblas_allocator allocator;    /**< default: the model's */
};
EMBLAS_API void emblas_predict_options_init(struct emblas_predict_options *options, size_t size);

/**
 * Labels, responsibilities, densities and the log-likelihood of rows under a model. Cost O(n k d^2) (full,
 * tied) or O(n k d); memory 264 k + 3100 numbers for each thread, 528 k + 3100 with weights.
 * @param options  NULL for the defaults
 * @param report   NULL, or says where an error is
 * @return EMBLAS_OK, EMBLAS_ERROR_ARGUMENT, _MEMORY, _SIZE, _NOT_FINITE, _WEIGHT, _DIMENSION; _RANGE when
 *         the log-likelihood is beyond the range of double (rows 1e150 deviations away that weigh 1e9):
 * then the labels, responsibilities and densities are written, the sums are not
 */
EMBLAS_API emblas_status emblas_predict(const struct emblas_model *model, const struct emblas_data *data,
                                        const struct emblas_predict_options *options,
                                        struct emblas_prediction *prediction, struct emblas_report *report);

/**
 * Draws n rows. values: n x d out. labels: NULL, or n out. The same seed gives the same rows; the first
 * m of n rows are those of a draw of m.
 * @return EMBLAS_OK; EMBLAS_ERROR_ARGUMENT; EMBLAS_ERROR_RANGE when a row of the model, up to 12 deviations
 *         from a mean, may be beyond the range of double
 */
EMBLAS_API emblas_status emblas_sample(const struct emblas_model *model, size_t n, uint64_t seed,
                                       double *values, size_t *labels);

/**
 * Free parameters of a mixture: k - 1 weights, k d means, and the covariance model's own: 1 for the volume,
 * d - 1 for the shape and d (d - 1) / 2 for the orientation, of which what is V counts k times and what is
 * I not at all. So k d (d + 1) / 2 (full), d (d + 1) / 2 (tied), k d (diag), k (spherical). 0 for no
 * components or no covariance model.
 */
EMBLAS_API size_t emblas_parameter_count(enum emblas_covariance covariance, size_t components, size_t dim);
/**
 * Selection criteria, smaller is better: bic = -2 loglik + m ln(total weight) (Schwarz 1978), aic =
 * -2 loglik + 2 m (Akaike 1974), icl = bic - 2 sum_i w_i log max_c r_ic (Biernacki, Celeux, Govaert 2000).
 * Any of the three outputs may be NULL.
 */
EMBLAS_API void emblas_criteria(double loglik, double hard, double total_weight, size_t parameters,
                                double *bic, double *aic, double *icl);

#ifdef __cplusplus
}
#endif
#endif
