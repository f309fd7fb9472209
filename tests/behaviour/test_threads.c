/* SPDX-License-Identifier: MIT */
/* Many fits at once: each is what it would be alone, and the BLAS's thread count ends as it was. */
#define _GNU_SOURCE
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <pthread.h>

enum { HOSTS = 64, ROUNDS = 3, N = 5000 };

static struct emblas_data data;
static struct emblas_options options;
static double alone;

/* Counts the rounds whose log-likelihood is not the one of a fit alone, to the bit. */
static void *fit_repeatedly(void *differences) {
  for (int round = 0; round < ROUNDS; round++) {
    struct emblas_model *model = NULL;
    struct emblas_report report;
    emblas_report_init(&report, sizeof report);
    if (emblas_fit(&data, &options, &model, &report) != EMBLAS_OK || report.loglik != alone)
      ++*(int *)differences;
    emblas_model_free(model);
    emblas_report_clear(&report);
  }
  return NULL;
}

Test(threads, fits_at_once) {
  int (*get_threads)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
  void (*set_threads)(int) = (void (*)(int))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  pthread_t hosts[HOSTS];
  int differences[HOSTS] = {0};
  data = view(generate_blobs(N, 2, 3, 1), N, 2); /* rows enough for threads of the library's own */
  options = options_for(3, EMBLAS_FULL);
  options.starts = 1, options.max_iterations = 20, options.threads = 2;
  struct fit fit = fit_or_fail(&data, &options);
  alone = fit.report.loglik;
  fit_free(&fit);

  if (set_threads != NULL) set_threads(2);
  for (int i = 0; i < HOSTS; i++)
    cr_assert_eq(pthread_create(&hosts[i], NULL, fit_repeatedly, &differences[i]), 0);
  for (int i = 0; i < HOSTS; i++) pthread_join(hosts[i], NULL);
  for (int i = 0; i < HOSTS; i++)
    cr_assert_eq(differences[i], 0, "host thread %d: %d fits differ", i, differences[i]);
  if (get_threads != NULL) cr_assert_eq(get_threads(), 2);
}
