# SPDX-License-Identifier: MIT
# The protocol of driver.h for drivers in R.

# A .npy file as a numeric vector in its own (row-major) order.
read_npy <- function(directory, name) {
  path <- file.path(directory, paste0(name, ".npy"))
  con <- file(path, "rb")
  on.exit(close(con))
  head <- as.integer(readBin(con, "raw", 10))
  header <- head[9] + 256 * head[10]
  readBin(con, "raw", header)
  readBin(con, "double", (file.size(path) - 10 - header) / 8)
}

read_problem <- function(directory) {
  weights <- read_npy(directory, "weights")
  k <- length(weights)
  means <- read_npy(directory, "means")
  d <- length(means) / k
  list(k = k, d = d, weights = weights,
       x = matrix(read_npy(directory, "x"), ncol = d, byrow = TRUE),
       means = matrix(means, nrow = d), # d x k
       covariances = array(read_npy(directory, "covariances"), c(d, d, k)), # symmetric
       diagonal = readLines(file.path(directory, "covariance.txt"))[1] == "diag")
}

seconds_of <- function(expression) {
  start <- Sys.time()
  force(expression)
  as.numeric(difftime(Sys.time(), start, units = "secs"))
}

# run(problem, maps) -> list(maps, seconds, loglik); maps is NULL for the program's own stop rule.
driver_main <- function(version, run) {
  arguments <- commandArgs(trailingOnly = TRUE)
  problem <- read_problem(arguments[1])
  out <- stdout()
  cat(sprintf('{"version": "%s"}\n', version), file = out)
  respond <- function(request) {
    maps <- if (request == "default") NULL else as.integer(request)
    a <- run(problem, maps)
    cat(sprintf('{"maps": %d, "seconds": %.9g, "loglik": %.17g}\n', as.integer(a$maps), a$seconds, a$loglik),
        file = out)
    flush(out)
    invisible(gc())
  }
  if (length(arguments) > 1) {
    for (request in arguments[-1]) respond(request)
  } else {
    input <- file("stdin", "r")
    while (length(request <- readLines(input, n = 1)) == 1) respond(request)
  }
}
