"""One Python peer, in a process of its own. Input: its name, a file of texts (one JSON string a line), the folder of the graphs, threads. Output: one JSON line.

usage: worker.py onnxruntime-fp32|onnxruntime-int8|pytorch|vader TEXTS GRAPHS THREADS

Texts are tokenised, sorted by length and run in batches of 32, as whoever wants speed would; `seconds` and `cpu` are without start-up,
`tokens` without padding.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BATCH, WINDOW = 32, 160


def batches(texts):
    """Places, ids and mask of each batch, longest first."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(ROOT / "models" / "base" / "tokenizer.json"))
    tokenizer.enable_truncation(WINDOW)
    ids = [coded.ids for coded in tokenizer.encode_batch(["query: " + text for text in texts])]
    order = sorted(range(len(ids)), key=lambda n: -len(ids[n]))
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        longest = len(ids[places[0]])
        block, mask = np.zeros((len(places), longest), np.int64), np.zeros((len(places), longest), np.int64)
        for row, place in enumerate(places):
            block[row, : len(ids[place])], mask[row, : len(ids[place])] = ids[place], 1
        yield places, block, mask


def onnxruntime(graph, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(["logits"], {"ids": ids, "mask": mask})[0]


def pytorch(threads):
    import torch

    sys.path.insert(0, str(ROOT / "models" / "train"))
    from encoder import from_hugging_face, mean_pool
    from export import restore

    torch.set_num_threads(threads)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in restore(ROOT / "models" / "base").items()}
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
    encoder = from_hugging_face(tensors, range(layers)).eval()
    weight, bias = tensors["heads.sentiment.weight"], tensors["heads.sentiment.bias"]

    def run(ids, mask):
        with torch.inference_mode():
            mask = torch.from_numpy(mask)
            return (mean_pool(encoder(torch.from_numpy(ids), mask)[-1], mask) @ weight.T + bias).numpy()

    return run


def main():
    name, texts, graphs, threads = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    texts = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    logits, tokens = np.zeros((len(texts), 1), np.float32), 0
    if name == "vader":
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyzer = SentimentIntensityAnalyzer()
        started, cpu = time.perf_counter(), time.process_time()
        for text in texts:
            analyzer.polarity_scores(text)
    else:
        run = pytorch(threads) if name == "pytorch" else onnxruntime(graphs / f"{name.removeprefix('onnxruntime-')}.onnx", threads)
        classes = run(np.zeros((2, 8), np.int64), np.ones((2, 8), np.int64)).shape[1]
        logits = np.zeros((len(texts), classes), np.float32)
        started, cpu = time.perf_counter(), time.process_time()
        for places, ids, mask in batches(texts):
            logits[places] = run(ids, mask)
            tokens += int(mask.sum())
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    np.save(graphs / f"{name}.npy", logits)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "texts": len(texts), "tokens": tokens}))


if __name__ == "__main__":
    main()
