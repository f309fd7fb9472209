/* SPDX-License-Identifier: MIT */
/* The models that were tried: of one covariance model or one size a list, else a table with a row for each
   size and a column for each covariance model. */
#include "fit.h"
#include "text.h"

#include <string.h>

enum {
  BEST = 3,       /* models that the table marks and the list below it names */
  CELL = 15,      /* columns of the terminal that a covariance model takes */
  SIZE_CELL = 6,  /* and the number of components */
  NAME_CELL = 14, /* the name of a covariance model */
  WIDE = 68       /* from so many on a list has room for log-likelihoods and parameters */
};

static const char *const titles[EMBLAS_CRITERION_COUNT] = {"BIC", "AIC", "ICL"};

static const char *const ranks[BEST] = {"*1", "*2", "*3"};

/* What marks the values of a table stand for. */
struct marks {
  int flagged, cut_short, failed;
  size_t out_of_reach, starts; /* models that were not given all starts, and how many they were given */
};

static void explain(struct marks seen) {
  if (seen.flagged) puts("  ! an empty or collapsed component: kept only if all have one");
  if (seen.cut_short) puts("  ? cut short by Ctrl-C: the best that it had so far");
  if (seen.out_of_reach > 0)
    printf("  out of reach after %zu starts: %zu\n", seen.starts, seen.out_of_reach);
}

static void see(struct marks *seen, const struct search *search, const struct emblas_trial *trial) {
  if (trial->tried && trial->starts < search->starts) seen->out_of_reach++, seen->starts = trial->starts;
  seen->flagged |= trial->flagged > 0;
  seen->cut_short |= trial->tried && trial->stop == EMBLAS_CANCELLED;
  seen->failed |= trial->tried && trial->status != EMBLAS_OK;
}

/* "!", "?", both or nothing. */
static const char *mark_of(const struct emblas_trial *trial) {
  int cut_short = trial->stop == EMBLAS_CANCELLED;
  return trial->flagged ? cut_short ? "!?" : "!" : cut_short ? "?" : "";
}

/* ---- one covariance model, or one size ---- */

static void print_line(size_t width, const struct emblas_trial *trial, enum emblas_criterion criterion,
                       const char *rank) {
  char loglik[32], value[32];
  printf("%-2s%4zu  %-*s", rank, trial->components, NAME_CELL,
         components_name(trial->family, trial->covariance));
  if (trial->status != EMBLAS_OK) {
    printf("  %s\n", emblas_status_string(trial->status));
    return;
  }
  printf("%16s", text_nats(trial->criteria[criterion], value));
  if (width >= WIDE) printf("%17s%12zu", text_nats(trial->loglik, loglik), trial->parameters);
  printf("%s%s\n", *mark_of(trial) ? " " : "", mark_of(trial));
}

static void print_list_title(size_t width, const struct search *search) {
  int covariances = emblas_family_has_covariances(search->table.trials[0].family);
  printf("\n     k  %-*s%16s", NAME_CELL, covariances ? "covariance" : "family", titles[search->criterion]);
  puts(width >= WIDE ? "   log-likelihood  parameters" : "");
}

static void print_list(size_t width, const struct search *search) {
  struct marks seen = {0};
  print_list_title(width, search);
  for (size_t i = 0; i < search->table.count; i++) {
    const struct emblas_trial *trial = &search->table.trials[i];
    if (!trial->tried) continue;
    print_line(width, trial, search->criterion, trial == best_trial(search) ? "*" : "");
    see(&seen, search, trial);
  }
  explain(seen);
}

/* ---- several ---- */

/* As the search chooses: models with flagged components come after all others. */
static int comes_before(const struct emblas_trial *a, const struct emblas_trial *b,
                        enum emblas_criterion criterion) {
  if (!a->flagged != !b->flagged) return !a->flagged;
  return a->criteria[criterion] < b->criteria[criterion];
}

/* The best models in order, NULL where there are fewer. */
static void find_best(const struct search *search, const struct emblas_trial *best[BEST]) {
  for (size_t rank = 0; rank < BEST; rank++) best[rank] = NULL;
  for (size_t i = 0; i < search->table.count; i++) {
    const struct emblas_trial *trial = &search->table.trials[i];
    size_t rank = BEST;
    if (!trial->tried || trial->status != EMBLAS_OK) continue;
    while (rank > 0 && (!best[rank - 1] || comes_before(trial, best[rank - 1], search->criterion))) {
      if (rank < BEST) best[rank] = best[rank - 1];
      rank--;
    }
    if (rank < BEST) best[rank] = trial;
  }
}

static void print_cell(const struct emblas_trial *trial, const struct emblas_trial *const best[BEST],
                       enum emblas_criterion criterion) {
  char text[48] = "-";
  size_t rank = 0;
  while (rank < BEST && best[rank] != trial) rank++;
  if (trial->tried && trial->status != EMBLAS_OK)
    snprintf(text, sizeof text, "failed");
  else if (trial->tried)
    snprintf(text, sizeof text, "%.4f%s", trial->criteria[criterion], mark_of(trial));
  printf("%*s%-2s", CELL - 2, text, rank < BEST ? ranks[rank] : "");
}

/* Rows of the table are sizes; columns are covariance models, from number `first` to `end` of `kinds`. */
static void print_columns(const struct search *search, const struct emblas_trial *const best[BEST],
                          size_t kinds, size_t first, size_t end) {
  const struct emblas_trial *trials = search->table.trials;
  printf("\n%*s", SIZE_CELL, "k");
  for (size_t c = first; c < end; c++)
    printf("%*s  ", CELL - 2, components_name(trials[c].family, trials[c].covariance));
  putchar('\n');
  for (size_t row = 0; row < search->table.count; row += kinds) {
    printf("%*zu", SIZE_CELL, trials[row].components);
    for (size_t c = first; c < end; c++) print_cell(&trials[row + c], best, search->criterion);
    putchar('\n');
  }
}

/* Why models are missing, one line for each reason. */
static void print_failures(const struct search *search) {
  const struct emblas_selection *table = &search->table;
  for (size_t i = 0; i < table->count; i++) {
    emblas_status status = table->trials[i].status;
    size_t before = 0;
    while (before < i && table->trials[before].status != status) before++;
    if (status == EMBLAS_OK || before < i) continue;
    printf("  failed: %s (", emblas_status_string(status));
    for (size_t j = i, listed = 0; j < table->count; j++)
      if (table->trials[j].status == status)
        printf("%s%zu %s", listed++ ? ", " : "", table->trials[j].components,
               components_name(table->trials[j].family, table->trials[j].covariance));
    puts(")");
  }
}

static void print_table(size_t width, const struct search *search, size_t kinds) {
  const struct emblas_trial *best[BEST];
  struct marks seen = {0};
  size_t fit = width > SIZE_CELL + CELL ? (width - SIZE_CELL) / CELL : 1;
  find_best(search, best);
  printf("\n%s of each k and covariance model\n", titles[search->criterion]);
  for (size_t first = 0; first < kinds; first += fit)
    print_columns(search, best, kinds, first, first + fit < kinds ? first + fit : kinds);
  for (size_t i = 0; i < search->table.count; i++) see(&seen, search, &search->table.trials[i]);
  explain(seen);
  if (seen.failed) print_failures(search);
  print_list_title(width, search);
  for (size_t rank = 0; rank < BEST && best[rank]; rank++)
    print_line(width, best[rank], search->criterion, ranks[rank]);
}

void report_trials(size_t width, const struct search *search) {
  const struct emblas_selection *table = &search->table;
  size_t kinds = 1;
  if (table->count < 2) return;
  while (kinds < table->count && table->trials[kinds].components == table->trials[0].components) kinds++;
  if (kinds == 1 || kinds == table->count)
    print_list(width, search);
  else
    print_table(width, search, kinds);
}
