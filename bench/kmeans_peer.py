#!/usr/bin/env python3
"""One fit of one library in a process of its own, for scripts/bench_kmeans.py: reads a task (JSON) from standard input, writes the answer
and the centroids after each number of rounds to the files that the task names. Loading the data and warming up the threads are not timed. With patience_s the list of rounds is
measured again and again for so long, at least once."""
import json
import sys
import time

import numpy as np


def scikit_learn(x, start, rounds, threads, algorithm="lloyd", accelerated=False):
    if accelerated:
        import daal4py
        daal4py.daalinit(threads)
        from sklearnex.cluster import KMeans
    else:
        from sklearn.cluster import KMeans
    model = KMeans(n_clusters=len(start), init=start, n_init=1, max_iter=rounds, tol=0, algorithm=algorithm).fit(x)
    return model.cluster_centers_, int(model.n_iter_)


def faiss_cpu(x, start, rounds, threads, pruning=False):
    import faiss
    faiss.omp_set_num_threads(threads)
    options = {"use_super_kmeans": True} if pruning else {}
    model = faiss.Kmeans(x.shape[1], len(start), niter=rounds, nredo=1, seed=1, max_points_per_centroid=2**31 - 1,
                         min_points_per_centroid=1, **options)
    model.train(x, init_centroids=start)
    return model.centroids, rounds


def super_kmeans(x, start, rounds, threads):
    """Takes no initial centroids: it starts from its own."""
    from superkmeans import SuperKMeans
    model = SuperKMeans(len(start), x.shape[1], hierarchical=False, iters=rounds, sampling_fraction=1.0,
                        max_points_per_cluster=2**31 - 1, n_threads=threads, tol=0, early_termination=False, seed=1)
    return model.train(x), rounds


PROGRAMS = {
    "scikit-learn": scikit_learn,
    "scikit-learn elkan": lambda *task: scikit_learn(*task, algorithm="elkan"),
    "scikit-learn-intelex": lambda *task: scikit_learn(*task, accelerated=True),
    "faiss-cpu": faiss_cpu,
    "faiss-cpu super": lambda *task: faiss_cpu(*task, pruning=True),
    "superkmeans": super_kmeans,
}


def seed_by_scikit_learn(x, k, seed):
    from sklearn.cluster import kmeans_plusplus
    begin = time.perf_counter()
    centroids, _ = kmeans_plusplus(x, k, random_state=seed)
    return centroids, time.perf_counter() - begin


def blas():
    """The kernels that each OpenBLAS of this process chose."""
    import threadpoolctl
    return sorted({f"{pool.get('architecture')} {pool.get('version')}" for pool in threadpoolctl.threadpool_info()
                   if pool.get("internal_api") == "openblas"})


def main():
    task = json.load(sys.stdin)
    x = np.fromfile(task["matrix"], np.float32).reshape(task["rows"], task["columns"])
    answer = {}
    if task["program"] == "kmeans_plusplus":
        seed_by_scikit_learn(x[:20_000].copy(), min(task["k"], 100), 1)
        centroids, answer["seeding_s"] = seed_by_scikit_learn(x, task["k"], task["seed"])
    else:
        fit = PROGRAMS[task["program"]]
        start = np.fromfile(task["centroids"], np.float32).reshape(task["k"], task["columns"])
        fit(x[:20_000].copy(), start, 1, task["threads"])
        if task.get("patience_s"):  # memory for the whole, too, is touched before it is timed
            fit(x, start, 1, task["threads"])
        answer["fits"], began = [], time.perf_counter()
        while not answer["fits"] or time.perf_counter() - began < task.get("patience_s", 0):
            for rounds in task["rounds"]:
                begin = time.perf_counter()
                centroids, done = fit(x, start, rounds, task["threads"])
                seconds = time.perf_counter() - begin
                np.ascontiguousarray(centroids, np.float32).tofile(f"{task['save']}.{rounds}")
                answer["fits"].append({"max_rounds": rounds, "rounds": done, "seconds": seconds})
    answer["blas"] = blas()
    np.ascontiguousarray(centroids, np.float32).tofile(task["save"])
    with open(task["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
