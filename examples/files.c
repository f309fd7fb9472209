/* SPDX-License-Identifier: MIT */
/* Reads a table, fits two Gaussians to it, saves the model, and reads it back as another program would.
   usage: files TABLE.csv MODEL.json */
#include <emblas/io.h>
#include <stdio.h>
#include <string.h>

static emblas_status fit_table(const struct emblas_table *table, struct emblas_model **model) {
  struct emblas_data data;
  struct emblas_options options;

  emblas_data_init(&data, sizeof data);
  data.values = table->values, data.rows = table->rows, data.columns = table->columns;
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  return emblas_fit(&data, &options, model, NULL);
}

int main(int argc, char **argv) {
  struct emblas_file_error error = {""};
  struct emblas_table table = {0};
  struct emblas_model *fitted = NULL, *model = NULL;
  char **names = NULL;
  emblas_status status = EMBLAS_ERROR_ARGUMENT;

  if (argc == 3) status = emblas_table_read(argv[1], NULL, &table, &error);
  if (status == EMBLAS_OK) status = fit_table(&table, &fitted);
  if (status == EMBLAS_OK)
    status = emblas_model_save(argv[2], fitted, (const char *const *)table.names, &error);
  if (status == EMBLAS_OK) status = emblas_model_load(argv[2], &model, &names, &error);
  if (status == EMBLAS_OK) {
    size_t dim = emblas_model_dim(model);

    for (size_t i = 0; i < table.note_count; i++) printf("%s\n", table.notes[i]);
    for (size_t j = 0; names && j < dim; j++)
      printf("%-12s %8.3f %8.3f\n", names[j], emblas_model_means(model)[j],
             emblas_model_means(model)[dim + j]);
    /* Every bit of the model went through the file. */
    if (memcmp(emblas_model_means(model), emblas_model_means(fitted), 2 * dim * sizeof(double)) != 0)
      status = EMBLAS_ERROR_FILE;
    emblas_names_free(names, dim);
  }
  if (status != EMBLAS_OK)
    fprintf(stderr, "%s\n", error.text[0] ? error.text : emblas_status_string(status));
  emblas_model_free(model);
  emblas_model_free(fitted);
  emblas_table_clear(&table);
  return status != EMBLAS_OK;
}
