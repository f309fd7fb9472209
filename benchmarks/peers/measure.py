# SPDX-License-Identifier: MIT
"""The measurements: time of a map, the machine's limit, time to the optimum."""
import math
import os
import statistics

from programs import Driver, Emblas, Failed, environment


class Plan:
    """How much is measured. fill: seconds that the maps of one difference shall take; budget: seconds of a program's
    repetitions on one workload; patience: seconds to wait for one answer; optimum: seconds of a run to the optimum."""

    def __init__(self, smoke, optimum):
        self.repetitions, self.most_maps = (1, 3) if smoke else (5, 200)
        self.fill, self.budget, self.patience = (0.002, 1, 20) if smoke else (0.2, 6, 40)
        self.optimum = 0.5 if smoke else optimum


def available_memory():
    try:
        with open("/proc/meminfo") as lines:
            return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return math.inf


class Dear(Exception):
    """A map takes more than so many seconds: not to be repeated."""


class Stopwatch:
    """One program on one workload: it has done one map and two, and knows how many to do from then on."""

    def __init__(self, program, build, directory, variables, plan):
        self.plan, self.differences, self.result = plan, [], {}
        self.driver = Driver(program.command(build) + [directory], variables)
        self.hello = self.driver.hello
        one = self.ask(1)
        if one["seconds"] > 2 * plan.budget:  # one map and an E step or two
            self.close()
            raise Dear(one["seconds"] / 2)
        if one["seconds"] < plan.budget / 4:
            one = self.ask(1)
        two = self.ask(2)
        map_seconds = max(two["seconds"] - one["seconds"], 0.1 * two["seconds"], 1e-6)
        self.more = min(max(1, math.ceil(plan.fill / map_seconds)), plan.most_maps)
        cost = 2 * one["seconds"] + self.more * map_seconds
        self.left = max(1, min(plan.repetitions, int(plan.budget / cost)))
        self.result = {"loglik": two["loglik"], "loglik_maps": two["maps"]}
        if self.more == 1 and self.left < 3:  # dear: what was done counts
            self.add(one, two)

    def ask(self, maps):
        return self.driver.ask(maps, self.plan.patience)

    def add(self, one, more):
        done = more["maps"] - one["maps"]
        if done > 0:
            self.differences.append((more["seconds"] - one["seconds"]) / done)
            self.result["maps"] = done
        self.left -= 1

    def repeat(self):
        self.add(self.ask(1), self.ask(1 + self.more))

    def close(self):
        self.driver.close()
        values = sorted(self.differences)
        if not values:
            return {**self.result, "skipped": "it stopped at once"}
        if statistics.median(values) <= 0:
            return {**self.result, "skipped": "a map takes less than the noise"}
        return {**self.result, "seconds": statistics.median(values), "least": values[0], "most": values[-1],
                "repetitions": len(values)}


def time_workload(p, directory, programs, threads, build, variables, plan, say):
    """Seconds of a map for each program, and the limits: they take turns, so that what disturbs the machine meets
    all. Returns the results, the limits by their threads, and what the drivers said of themselves."""
    results, watches, hellos = {}, {}, {}

    def attempt(program, action):
        try:
            action()
        except Failed as failure:
            results[program.name] = {"skipped": str(failure)}
            watches.pop(program.name, None)
            say(f"  {program.title}: {failure}")
        except Dear as dear:
            results[program.name] = {"at_least": dear.args[0]}

    def start(program):
        watches[program.name] = Stopwatch(program, build, directory, variables, plan)
        hellos[program.name] = watches[program.name].hello

    for program in programs:
        if not program.fits(p):
            continue
        if 8 * program.arrays * len(p.x) * len(p.weights) > 0.6 * available_memory():
            results[program.name] = {"skipped": "its arrays would fill the memory"}
            continue
        attempt(program, lambda: start(program))
    limits = [Limit(p, t, build, variables) for t in threads]
    for _ in range(plan.repetitions):
        for program in programs:
            if program.name in watches and watches[program.name].left > 0:
                attempt(program, watches[program.name].repeat)
        for limit in limits:
            limit.repeat()
    for name, watch in watches.items():
        results[name] = watch.close()
    compare_logliks(results)
    return results, {str(limit.threads): limit.close() for limit in limits}, hellos


def compare_logliks(results):
    """The log-likelihood after the same maps, relative to emblas's."""
    own = results.get("emblas", {}).get("loglik")
    for result in results.values():
        if own is not None and "loglik" in result:
            result["difference"] = (result["loglik"] - own) / abs(own)


def limit_program(build):
    return os.path.join(build, "benchmarks", "peers", "peer_limit")


def features(p):
    d = p.x.shape[1]
    return 0 if d == 1 else 1 + 2 * d if p.covariance == "diag" else 1 + d + d * (d + 1) // 2


class Limit:
    """Seconds of a map if it were nothing but its exponentials and, in more than one dimension, its two products,
    in whichever layout and block size the BLAS is fastest. Medians."""

    def __init__(self, p, threads, build, variables):
        self.p, self.threads, self.answers = p, threads, []
        command = [limit_program(build), str(threads), str(features(p)), str(len(p.weights))]
        self.driver = Driver(command, variables)
        self.driver.ask("")

    def repeat(self):
        self.answers.append(self.driver.ask(""))

    def close(self):
        self.driver.close()
        n, k, columns = len(self.p.x), len(self.p.weights), features(self.p)
        rate = statistics.median(answer["exponentials"] for answer in self.answers)
        result = {"exponentials_a_second": rate, "exp_seconds": n * k / rate, "blas": self.driver.hello["blas"]}
        result["seconds"] = result["exp_seconds"]
        shapes = [(*same[0][:2], *(statistics.median(shape[i] for shape in same) for i in (2, 3)))
                  for same in zip(*(answer["products"] for answer in self.answers))]
        if shapes:
            layout, block, e, m = min(shapes, key=lambda shape: shape[2] + shape[3])
            result.update(layout=layout, block=block, estep_seconds=n * e, mstep_seconds=n * m,
                          gflops=[2e-9 * k * columns / e, 2e-9 * k * columns / m])
            result["seconds"] += n * (e + m)
        return result


# ---------------------------------------------------------------------------------------------- to the optimum

WITHIN = 1e-6  # nats


def repeat(driver, request, plan, patience):
    """The median of 5 runs, fewer where one is long, more where it takes less than 10 ms."""
    answers = [driver.ask(request, patience)]
    wanted = min(plan.repetitions, 5) if answers[0]["seconds"] > 0.01 else 9 * plan.repetitions
    while len(answers) < wanted and sum(a["seconds"] for a in answers) < plan.optimum / 10:
        answers.append(driver.ask(request, patience))
    answer = sorted(answers, key=lambda a: a["seconds"])[(len(answers) - 1) // 2]
    return {**answer, "repetitions": len(answers)}


def run_emblas(options, build, directory, variables, plan, maps=10**9, once=False):
    program = Emblas("emblas", "emblas", options + [f"seconds={plan.optimum}"])
    driver = Driver(program.command(build) + [directory], variables)
    try:
        patience = 10 * plan.optimum + 60
        return driver.ask(maps, patience) if once else repeat(driver, maps, plan, patience)
    finally:
        driver.close()


PLAIN = ["accelerate=none", "tolerance=1e-9"]


def plain_maps(best, run):
    """How many maps plain EM needs to come within WITHIN of the best, or of its own limit where that is another
    optimum; None when the time was over."""
    answer = run(PLAIN + [f"target={best - WITHIN!r}"], once=True)
    if answer["stop"] == "cancelled" and answer["loglik"] < best - WITHIN:
        return None, answer
    if answer["loglik"] < best - WITHIN:
        answer = run(PLAIN + [f"target={answer['loglik'] - WITHIN!r}"], once=True)
    return answer["maps"], answer


def time_emblas(threads, run):
    """Answers by threads, and the best log-likelihood. Where the default stop rule ends before the optimum that a
    tighter tolerance leads to, the loosest that does not is taken, and named."""
    default = {str(t): run([f"threads={t}"]) for t in threads}
    best = max(answer["loglik"] for answer in default.values())
    if any(answer["stop"] != "converged" for answer in default.values()):
        return default, best
    most = [f"threads={max(threads)}"]
    best = max(best, run(["tolerance=1e-10"] + most, once=True)["loglik"])
    for tolerance in (None, 1e-8, 1e-9, 1e-10):
        option = [f"tolerance={tolerance}"] if tolerance else []
        if run(option + most, once=True)["loglik"] >= best - WITHIN:
            break
    if tolerance is None:
        return default, best
    return {str(t): {**run(option + [f"threads={t}"]), "tolerance": tolerance} for t in threads}, best


def time_level(maps, threads, run):
    """Seconds until emblas is where plain EM is after so many maps."""
    level = run(PLAIN + [f"threads={threads}"], maps=maps, once=True)["loglik"]
    return run([f"threads={threads}", f"target={level!r}"])["seconds"]


def time_peer(program, maps, done, best, build, directory, variables, plan):
    """A peer told how many maps it needs, and the same peer with its own stop rule."""
    driver = Driver(program.command(build) + [directory], variables)
    try:
        first = driver.ask(1, plan.patience)
        if first["seconds"] < 1:
            first = driver.ask(1)
        third = driver.ask(3, plan.patience)
        map_seconds = max((third["seconds"] - first["seconds"]) / 2, 1e-7)
        projected = (maps or done) * map_seconds
        result = {"map_seconds": map_seconds}
        if maps is None or projected > plan.optimum:
            result.update(at_least=max(plan.optimum, projected) if maps is None else plan.optimum, projected=projected)
            result["maps_in_time"] = max(1, round(plan.optimum / map_seconds))
        else:
            answer = repeat(driver, maps, plan, 2 * plan.optimum + 5)
            result.update(seconds=answer["seconds"], short=best - answer["loglik"], maps=maps,
                          repetitions=answer["repetitions"])
        if 100 * map_seconds < plan.optimum:
            result["own_rule"] = repeat(driver, "default", plan, plan.optimum + 5)
            result["own_rule"]["short"] = best - result["own_rule"]["loglik"]
        return result
    except Failed as failure:
        return {"skipped": str(failure)}
    finally:
        driver.close()


def time_optimum(p, directory, peers, build, core_type, threads, plan):
    """Seconds from the given start to within WITHIN of the best log-likelihood that anyone reaches from there."""
    def run(options, **how):
        return run_emblas(options, build, directory, variables, plan, **how)

    variables = environment(core_type, threads)
    own, best = time_emblas(sorted({1, threads}), run)
    maps, plain = plain_maps(best, lambda options, **how: run(options + [f"threads={threads}"], **how))
    best = max(best, plain["loglik"])
    result = {"best": best, "emblas": own, "plain_maps": maps, "plain_maps_done": plain["maps"],
              "plain_short": best - plain["loglik"], "peers": {}}
    for answer in own.values():
        answer["short"] = best - answer["loglik"]
    for program in peers:
        if program.fits(p):
            peer = time_peer(program, maps, plain["maps"], best, build, directory, variables, plan)
            if "maps_in_time" in peer:
                peer["level_seconds"] = time_level(peer["maps_in_time"], threads, run)
            result["peers"][program.name] = peer
    return result
