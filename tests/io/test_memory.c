/* SPDX-License-Identifier: MIT */
/* Memory that runs out: each allocation fails once, alone or with all that follow it. What is read is then
   refused with a word that says so, or right; what is written is the old file or the new one, whole. */
#include "support.h"

#include <criterion/criterion.h>
#include <emblas/io.h>
#include <errno.h>
#include <io/io.h>
#include <stdlib.h>
#include <string.h>

TestSuite(memory, .init = directory_enter, .fini = directory_leave);

/* ---- an allocator that fails on demand, in the place of the C library's ---- */

/* Volatile: compilers take it for granted that malloc() reads nothing of ours. */
static _Thread_local volatile long long left = -1; /* allocations that still succeed; negative: all */
static _Thread_local volatile bool lasting;        /* whether those after the first failure fail too */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool fails(void) {
  if (left < 0 || left-- > 0) return false;
  if (lasting) left = 0;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  return fails() ? NULL : __libc_realloc(memory, size);
}
#endif

/* Every way to memory must be ours, also from within the C library. */
static void need_an_allocator_that_fails(void) {
  void *volatile memory[4];
  bool ours = true;

  left = 0, lasting = true;
  memory[0] = malloc(1);
  memory[1] = calloc(1, 1);
  memory[2] = realloc(NULL, 1);
  memory[3] = strdup("text");
  left = -1;
  for (int i = 0; i < 4; i++) {
    ours = ours && !memory[i];
    free(memory[i]);
  }
  if (!ours) cr_skip_test("a sanitizer or valgrind has the place of the allocator");
}

/* ---- one call again and again ---- */

/* Returns what the call returned; what it makes is for `check`, after the failures. */
typedef int (*attempt)(struct io_error *error);
typedef void (*check)(int result);

static void fail_each_allocation(attempt try, check examine) {
  for (int mode = 0; mode < 2; mode++) {
    bool failed = true;
    long long n = 0;

    for (; failed; n++) {
      struct io_error error = {.text = ""};
      int result;

      left = n, lasting = mode == 1;
      result = try(&error);
      failed = left < 0 || (lasting && left == 0);
      left = -1;
      if (result != 0) {
        cr_assert(failed, "without a failure: %s", error.text);
        cr_assert(strstr(error.text, "out of memory") || strstr(error.text, strerror(ENOMEM)),
                  "allocation %lld: %s", n, error.text);
        cr_assert_eq(error.resources, 1, "allocation %lld: %s", n, error.text);
      }
      examine(result);
    }
    cr_assert_gt(n, 2, "allocations happened");
  }
}

/* ---- models ---- */

static const char text[] =
    "{\"format\": \"emblas-model\", \"version\": 1, \"family\": \"gaussian\", \"covariance\": \"VVV\", "
    "\"k\": 2,"
    " \"dim\": 2, \"columns\": [\"a\", \"b\\u00e9\"], \"weights\": [0.25, 0.75],"
    " \"means\": [[1, 0.12345678901234567], [3, "
    "0.1000000000000000000000000000000000000000000000000000000000000000000000000001]],"
    " \"covariances\": [[[4, 1], [1, 1.25]], [[1, 0], [0, 1]]],"
    " \"cholesky\": [[[2, 0], [0.5, 1]], [[1, 0], [0, 1]]], \"fit\": {\"status\": \"converged\", \"n\": "
    "7}}\n";

static struct emblas_model *model;
static char **names;

static int read_model(struct io_error *error) {
  return io_model_read("model.json", &model, &names, error);
}

static void check_model(int result) {
  if (result != 0) {
    cr_assert_null(model);
    cr_assert_null(names);
    return;
  }
  cr_assert_eq(emblas_model_components(model), 2);
  cr_assert_eq(emblas_model_means(model)[1], 0.12345678901234567); /* every digit counts */
  cr_assert_eq(emblas_model_means(model)[3], 0.1);
  cr_assert_not_null(names);
  cr_assert_str_eq(names[1], "b\xc3\xa9");
  io_names_free(names, 2);
  emblas_model_free(model);
  model = NULL, names = NULL;
}

Test(memory, model_that_is_read) {
  need_an_allocator_that_fails();
  write_text("model.json", text);
  fail_each_allocation(read_model, check_model);
}

static char *whole;

static int write_model(struct io_error *error) {
  static const char *const column_names[] = {"a", "b"};
  static const char *const warnings[] = {"one"};
  static const struct io_fit fit = {
      .status = "converged", .loglik = -1.5, .backend = "native", .warnings = warnings, .warning_count = 1};

  return io_model_write("out.json", model, column_names, &fit, error);
}

static void check_file(int result) {
  char *now = read_text("out.json", NULL);

  cr_assert_not_null(now);
  cr_assert_str_eq(now, result == 0 ? whole : "old");
  free(now);
  write_text("out.json", "old");
  cr_assert_eq(system("test \"$(ls -A | wc -l)\" = 2"), 0, "nothing else is left");
}

Test(memory, model_that_is_written) {
  struct io_error error;

  need_an_allocator_that_fails();
  write_text("model.json", text);
  cr_assert_eq(read_model(&error), 0, "%s", error.text);
  cr_assert_eq(write_model(&error), 0, "%s", error.text);
  whole = read_text("out.json", NULL);
  write_text("out.json", "old");
  fail_each_allocation(write_model, check_file);
}

/* ---- models in strings, by the functions of <emblas/io.h> ---- */

static char *printed;

/* The io_error of a call that has given a status and a text. */
static int translate(emblas_status status, const struct emblas_file_error *from, struct io_error *error) {
  if (status == EMBLAS_OK) return 0;
  memcpy(error->text, from->text, sizeof error->text);
  error->resources = status == EMBLAS_ERROR_MEMORY;
  return -1;
}

static int print_model(struct io_error *error) {
  struct emblas_file_error why = {""};

  return translate(emblas_model_to_json(model, NULL, &printed, &why), &why, error);
}

static void check_print(int result) {
  if (result != 0)
    cr_assert_null(printed);
  else
    cr_assert_eq(printed[strlen(printed) - 2], '}');
  free(printed);
  printed = NULL;
}

static int parse_model(struct io_error *error) {
  struct emblas_file_error why = {""};

  return translate(emblas_model_from_json(text, sizeof text - 1, &model, &names, &why), &why, error);
}

Test(memory, model_in_a_string) {
  struct io_error error;

  need_an_allocator_that_fails();
  fail_each_allocation(parse_model, check_model);
  cr_assert_eq(parse_model(&error), 0);
  fail_each_allocation(print_model, check_print);
}

/* ---- tables ---- */

static struct io_table table;
static const char *path;

static int read_table(struct io_error *error) {
  const struct io_selection selection = {.weights = "3", .format.drop_missing = true};

  return io_table_read(path, &selection, &table, error);
}

static void check_table(int result) {
  if (result != 0) {
    cr_assert_null(table.values);
    return;
  }
  cr_assert_eq(table.rows, 60);
  cr_assert_eq(table.columns, 2);
  cr_assert_eq(table.values[119], 59.5);
  cr_assert_eq(table.weights[59], 1);
  io_table_free(&table);
}

Test(memory, csv) {
  char rows[8192] = "\"x\",y,w,text\n# comment\nNA,1,1,word\n";
  size_t used = strlen(rows);

  need_an_allocator_that_fails();
  for (int i = 0; i < 60; i++)
    used += (size_t)snprintf(rows + used, sizeof rows - used, "%d,%d.%080d,%d,word\n", i, i, 0, 1);
  memcpy(strstr(rows, "59,59.0") + 6, "5", 1);
  write_text("rows.csv", rows);
  path = "rows.csv";
  fail_each_allocation(read_table, check_table);
  if (system("iconv -f UTF-8 -t UTF-16 rows.csv >wide.csv && gzip wide.csv") != 0) return;
  path = "wide.csv.gz";
  fail_each_allocation(read_table, check_table);
}

Test(memory, npy) {
  static const char head[] =
      "\x93NUMPY\x01\x00\x48\x00{'descr': '<f8', 'fortran_order': False, 'shape': (60, 3)}";
  unsigned char file[82 + 60 * 3 * sizeof(double)];
  double values[180];

  need_an_allocator_that_fails();
  for (int i = 0; i < 60; i++) values[3 * i] = i, values[3 * i + 1] = i + 0.5, values[3 * i + 2] = 1;
  memset(file, ' ', sizeof file);
  memcpy(file, head, sizeof head - 1);
  memcpy(file + 82, values, sizeof values);
  write_bytes("rows.npy", file, sizeof file);
  path = "rows.npy";
  fail_each_allocation(read_table, check_table);
}

static size_t *labels, label_count;

static int read_labels(struct io_error *error) {
  return io_labels_read("labels.csv", &labels, &label_count, error);
}

static void check_labels(int result) {
  if (result != 0) return;
  cr_assert_eq(label_count, 3);
  cr_assert_eq(labels[2], 1);
  free(labels);
}

Test(memory, labels) {
  need_an_allocator_that_fails();
  write_text("labels.csv", "label\n0\n1\n1\n");
  fail_each_allocation(read_labels, check_labels);
}
