/* SPDX-License-Identifier: MIT */
/* Steps that lower the log-likelihood: maps of no model, which do what maps of models should not. */
#include <criterion/criterion.h>
#include <emblas/em.h>
#include <float.h>
#include <math.h>

/* theta counts the maps; the log-likelihood rises by 1 from -100 to theta = 5, and then falls by `fall`. */
struct fall {
  double by;
};

static emblas_status map(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  const struct fall *fall = context;
  double t = theta[0];
  *value = (struct emblas_em_value){t <= 5 ? t - 100 : -95 - fall->by, NAN, 100};
  if (next != NULL) next[0] = t + 1;
  return EMBLAS_OK;
}

static struct emblas_em *create(struct fall *fall, enum emblas_acceleration accelerate, double tolerance) {
  static struct emblas_em_model model; /* borrowed by the object */
  struct emblas_em_options options;
  struct emblas_em *em;
  const double start = 0;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = 1, model.map = map, model.context = fall;
  emblas_em_options_init(&options, sizeof options);
  options.accelerate = accelerate, options.tolerance = tolerance, options.max_iterations = 20;
  cr_assert_eq(emblas_em_create(&model, &options, &start, &em), EMBLAS_OK);
  return em;
}

static enum emblas_stop_reason run(struct emblas_em *em) {
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  while (reason == EMBLAS_RUNNING) cr_assert_eq(emblas_em_step(em, &reason), EMBLAS_OK);
  return reason;
}

/* A fall that rounded parameters explain: the run ends before it, with nothing left to gain. */
Test(falls, by_rounding_are_not_taken) {
  const double falls[] = {1e-12, 1e-6, 5e-3};
  for (size_t f = 0; f < 3; f++) {
    struct fall fall = {falls[f]};
    struct emblas_em *em = create(&fall, EMBLAS_ACCELERATE_NONE, 1e-7);
    size_t length;
    cr_assert_eq(run(em), EMBLAS_CONVERGED);
    const struct emblas_em_point *trace = emblas_em_trace(em, &length);
    cr_assert_eq(emblas_em_theta(em)[0], 5, "a fall by %g: theta %g", fall.by, emblas_em_theta(em)[0]);
    cr_assert_eq(length, 8); /* 0 to 5, and twice where it is */
    cr_assert(trace[7].loglik == -95 && trace[7].projected == 0 && trace[7].iteration == 7);
    emblas_em_free(em);
  }
}

/* Without a tolerance it goes on, from where it is. */
Test(falls, without_a_tolerance) {
  struct fall fall = {1e-6};
  struct emblas_em *em = create(&fall, EMBLAS_ACCELERATE_NONE, 0);
  cr_assert_eq(run(em), EMBLAS_ITERATION_LIMIT);
  cr_assert_eq(emblas_em_theta(em)[0], 5);
  cr_assert_eq(emblas_em_maps(em), 20);
  emblas_em_free(em);
}

/* Within the rounding of the sum nothing is told; and a large fall is no rounding, but a map's own doing.
 */
Test(falls, others_are_taken) {
  const double falls[] = {700 * DBL_EPSILON, 1};
  for (size_t f = 0; f < 2; f++) {
    struct fall fall = {falls[f]};
    struct emblas_em *em = create(&fall, EMBLAS_ACCELERATE_NONE, 0);
    run(em);
    cr_assert_gt(emblas_em_theta(em)[0], 5, "a fall by %g", fall.by);
    emblas_em_free(em);
  }
}
