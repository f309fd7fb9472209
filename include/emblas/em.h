/* SPDX-License-Identifier: MIT */
/**
 * @file em.h
 * Expectation-maximisation for a model of your own.
 *
 * EM needs one thing from a model: the map theta -> M(theta) of one E step and one M step, which
 * on its way yields the log-likelihood at theta. This header runs that map to a fixed point, with
 * a trace, a stop rule and a progress hook. It knows nothing of mixtures; emblas's own mixtures
 * are run by the same loop.
 *
 * Generalised EM needs nothing more: a map whose M step only *increases* the Q function (one
 * Newton step, one conditional maximisation) still never lowers the log-likelihood, and is run as
 * it is.
 *
 * Falls: a plain step that lowers the log-likelihood all the same, by more than 8 eps (eps = 2^-52) of
 * its magnitude and by less than 1e-4 of it, shows that parameters are rounded, such as those of a
 * covariance that is singular but for a floor. It is not taken: theta stays, the iteration stands in the
 * trace once more, and nothing is left to gain. That ends the run as EMBLAS_CONVERGED, unless an
 * extrapolated step gains after all; with a tolerance of 0 the run stays there until the limit of maps.
 * The magnitude is the smaller one of the two E steps (see struct emblas_em_value): a map that leaves it 0
 * has every plain step taken. A deeper fall is taken as well: the map itself makes it, and is no EM map.
 *
 * Threads: an `emblas_em` belongs to one thread at a time; different objects are independent.
 */
#ifndef EMBLAS_EM_H
#define EMBLAS_EM_H

#include <emblas/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** When to stop. Every rule compares with `tolerance`; a tolerance of 0 never stops early. */
enum emblas_stop_rule {
  /** The log-likelihood still to be gained, as projected, is below the tolerance (nats) in two
   *  iterations running. Plain EM projects by Aitken's delta-squared formula from the last three
   *  values; an accelerated run from its residual and the slowest rate it has seen, and the second of
   *  the two iterations is a plain step. Where the limit of maps leaves no room for two projections, a
   *  single one counts, which takes the rate to be at most 0.9999 where it has not been seen: a run from
   *  a fixed point says that it has converged even when one map is allowed. */
  EMBLAS_STOP_LOGLIK = 0,
  /** |Q(t) - Q(t-1)| is below the tolerance (nats), Q as in struct emblas_em_point. A model that computes
   *  no Q is never stopped by this rule. */
  EMBLAS_STOP_Q = 1,
  /** The Euclidean norm of the change of the mixing weights is below the tolerance. */
  EMBLAS_STOP_WEIGHTS = 2
};

/**
 * How the sequence of EM maps is sped up. A step that has been extrapolated is kept only when the
 * log-likelihood, which its own E step yields, has not fallen; else the plain step is taken. The
 * sequence of log-likelihoods is therefore monotone, as plain EM's is, to 8 eps of the magnitude.
 * Entries of theta that the map never changes stay as they are at the start, to the bit, unless the model
 * says that they hang together; leading weights do so all together.
 */
enum emblas_acceleration {
  EMBLAS_ACCELERATE_AUTO = 0,    /**< the method that needs fewest maps on most problems; plain EM
                                      under the rules Q and WEIGHTS, which compare plain steps */
  EMBLAS_ACCELERATE_NONE = 1,    /**< plain EM */
  EMBLAS_ACCELERATE_SQUAREM = 2, /**< squared extrapolation (Varadhan, Roland 2008) */
  EMBLAS_ACCELERATE_ANDERSON = 3 /**< Anderson's mixing (Walker, Ni 2011; Henderson, Varadhan 2019) */
};

/** Why a run stopped: a result, not an error. */
enum emblas_stop_reason {
  EMBLAS_RUNNING = 0,         /**< it has not stopped */
  EMBLAS_CONVERGED = 1,       /**< the stop rule was met, also by a plain step that was not taken since the
                                   log-likelihood falls (see the top of this file) */
  EMBLAS_ITERATION_LIMIT = 2, /**< max_iterations maps were done */
  EMBLAS_CANCELLED = 3        /**< the progress hook asked for it */
};

/** A short name for a stop reason: "running", "converged", "iteration-limit", "cancelled". */
EMBLAS_API const char *emblas_stop_reason_string(enum emblas_stop_reason reason);

/** What one E step says of the parameters it was taken at. */
struct emblas_em_value {
  double loglik;    /**< total log-likelihood, nats */
  double q;         /**< Q(theta | theta) = E[log p(y, z; theta) | y, theta]; NAN when not computed */
  double magnitude; /**< sum over rows of |log-likelihood of the row|: the scale of loglik's rounding */
};

/** One iteration: theta(t), the parameters after t steps, plain or accelerated, and what is known there. */
struct emblas_em_point {
  size_t iteration;     /**< t; 0 is the start */
  double loglik;        /**< log-likelihood at theta(t), nats */
  double q;             /**< Q(theta(t) | theta(t)); loglik - q is the entropy of the responsibilities */
  double magnitude;     /**< the scale of loglik's rounding, see emblas_em_value */
  double weight_change; /**< || w(t) - w(t-1) ||, NAN at t = 0 or when the model has no weights */
  double projected;     /**< log-likelihood still to gain, projected; INFINITY while unknown */
};

/** A model of your own. Fill it after emblas_em_model_init(). */
struct emblas_em_model {
  size_t size;       /**< sizeof(struct emblas_em_model), set by the init function */
  size_t parameters; /**< length of theta; at least 1 */
  size_t weights;    /**< how many leading entries of theta are mixing weights; default 0 */
  void *context;     /**< handed to map; default NULL */
  /**
   * One EM map. Reads `theta` (parameters entries), writes what is known there to `value`, and the
   * next parameters to `next`; with next == NULL only the E step is wanted. Must not keep the
   * pointers. A status other than EMBLAS_OK ends the run with that status.
   */
  emblas_status (*map)(void *context, const double *theta, double *next, struct emblas_em_value *value);
  /**
   * Unconstrained coordinates of theta, in which accelerated steps are taken: logarithms of
   * variances and of weights, for instance. `free` is their number; from_free returns non-zero where
   * they stand for no admissible theta, which is then not tried. All three, or none (the default):
   * theta itself is extrapolated. There, and at parameters that were extrapolated, a map that fails
   * or a log-likelihood that is NaN rejects the step, and is no error.
   */
  size_t free;
  void (*to_free)(void *context, const double *theta, double *free);
  int (*from_free)(void *context, const double *free, double *theta);
  /**
   * A metric, for fewer maps: with H the information of one complete observation at theta, in the
   * free coordinates, and H = E'E, whiten does change <- E change and unwhiten change <- E^-1 change. There
   * the Jacobian of the map is symmetric, and a step of length 1 is one standard deviation of the
   * complete data. Both, or none (the default): E = I.
   */
  void (*whiten)(void *context, const double *theta, double *change);
  void (*unwhiten)(void *context, const double *theta, double *change);
  /**
   * Blocks of parameters that belong together, such as the components of a mixture, for steps that stay
   * near the path of plain EM (see drift in emblas_em_options). moved writes for each of the `blocks` how
   * far a whitened change moves it, in deviations of one observation of its own: a component of weight w
   * whose entries of the whitened change have the length s has moved by s / sqrt(w). Both, or neither (the
   * default): a step may go anywhere.
   */
  size_t blocks;
  void (*moved)(void *context, const double *theta, const double *change, double *distances);
  /**
   * Non-zero: entries of theta hang together, so that from_free alone knows which of them stay. Then none
   * that the map has not changed is put back by itself. Default 0.
   */
  int joint;
};
EMBLAS_API void emblas_em_model_init(struct emblas_em_model *model, size_t size);

/** Called after every iteration; a result other than 0 cancels. Must not throw or longjmp. */
typedef int (*emblas_em_progress)(void *context, const struct emblas_em_point *point);

/** How to run it. Fill it after emblas_em_options_init(). */
struct emblas_em_options {
  size_t size;                         /**< sizeof(struct emblas_em_options), set by init */
  enum emblas_stop_rule stop;          /**< default EMBLAS_STOP_LOGLIK */
  double tolerance;                    /**< >= 0, finite; default 1e-7 */
  size_t max_iterations;               /**< at most this many maps, rejected ones too; default 10000 */
  enum emblas_acceleration accelerate; /**< default EMBLAS_ACCELERATE_AUTO */
  /** How far off the path that plain EM takes from the same start a step of EMBLAS_ACCELERATE_AUTO may end,
   *  as estimated, in deviations of one observation of a block: > 0. The run then ends in the optimum
   *  where plain EM ends, as a rule. INFINITY: it may take another hill, in half as many maps. Of models
   *  with `moved`. Default 3e-4 */
  double drift;
  size_t plain;                /**< so many iterations first are plain EM, of which an accelerated run keeps
                                    nothing: they cost their maps alone; default 0 */
  emblas_em_progress progress; /**< default NULL */
  void *progress_context;      /**< default NULL */
  struct emblas_allocator allocator; /**< default: malloc and free */
};
EMBLAS_API void emblas_em_options_init(struct emblas_em_options *options, size_t size);

/** What came of a run. */
struct emblas_em_result {
  size_t size;                  /**< sizeof(struct emblas_em_result), set by init */
  enum emblas_stop_reason stop; /**< why it stopped */
  size_t maps;                  /**< EM maps that were computed, rejected ones too */
  struct emblas_em_point point; /**< the last iteration, which theta belongs to */
  const char *argument;         /**< EMBLAS_ERROR_ARGUMENT: which argument, or which field of one, as
                                     "model.map", "options.drift"; static storage; else NULL */
};
EMBLAS_API void emblas_em_result_init(struct emblas_em_result *result, size_t size);

/**
 * Runs EM from `theta` until it stops, and leaves the last parameters there.
 *
 * @param model    the map; borrowed during the call
 * @param options  NULL for the defaults
 * @param theta    model->parameters entries: the start, then the result; unchanged on error
 * @param result   NULL, or initialised by emblas_em_result_init()
 * @return EMBLAS_OK, EMBLAS_ERROR_ARGUMENT (then result says which; on another error it is as it was),
 *         EMBLAS_ERROR_MEMORY, EMBLAS_ERROR_SIZE, EMBLAS_ERROR_NUMERICAL (the log-likelihood became NaN),
 *         or the map's own status.
 */
EMBLAS_API emblas_status emblas_em_run(const struct emblas_em_model *model,
                                       const struct emblas_em_options *options, double *theta,
                                       struct emblas_em_result *result);

/**
 * The same loop, a step at a time. `model` must outlive the object; `theta` is copied.
 * Cost: memory for three parameter vectors; for two more, 32 of `free` entries and one of `blocks` when the
 * run is accelerated. No allocation in a step but for the growth of the trace.
 */
struct emblas_em;
EMBLAS_API emblas_status emblas_em_create(const struct emblas_em_model *model,
                                          const struct emblas_em_options *options, const double *theta,
                                          struct emblas_em **em);

/**
 * One iteration: moves to the next parameters (none at the first call, which looks at the start),
 * takes the E step there and computes the parameters that come after.
 * @param reason  set to EMBLAS_RUNNING while there is more to do. A call after that changes nothing.
 * On error the object stays at its last good iteration.
 */
EMBLAS_API emblas_status emblas_em_step(struct emblas_em *em, enum emblas_stop_reason *reason);

/** The current parameters: borrowed, valid until the next step or free. */
EMBLAS_API const double *emblas_em_theta(const struct emblas_em *em);
/** Every iteration so far, the current one last: borrowed, valid until the next step or free. */
EMBLAS_API const struct emblas_em_point *emblas_em_trace(const struct emblas_em *em, size_t *length);
/** EM maps computed so far. */
EMBLAS_API size_t emblas_em_maps(const struct emblas_em *em);
EMBLAS_API void emblas_em_free(struct emblas_em *em);

#ifdef __cplusplus
}
#endif
#endif
