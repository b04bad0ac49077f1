#!/usr/bin/env python3
"""What PyTorch says of a few texts with the shipped weights, in f32. Input: `models/base`. Output: the fixture that the engine's tests compare with.

usage: parity.py MODEL_DIR OUT.json      (after every export: models/base src/model/parity.json)
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from encoder import from_hugging_face, mean_pool
from export import restore

PREFIX = "query: "
TEXTS = [
    "",
    "ok",
    "👍👍👍",
    "Great coffee, awful queue.",
    "The app crashes every time I try to pay. I have written three times and nobody answers!!!",
    "Delivery on Tuesday as promised, thank you.",
    "Доставили вчасно, але коробка була порвана, а підтримка мовчить другий тиждень.",
    "Дуже вдячна менеджерці Олені, все пояснила й допомогла 😊",
    "Курьер опоздал на три часа и ещё нагрубил, больше не закажу.",
    "Всё нормально, обычный магазин.",
    "Az ügyfélszolgálat gyors és kedves volt, de a számla megint hibás.",
    "Soha többet! Két hónapja várok a visszatérítésre.",
    "Obsługa miła, ale czekałem czterdzieści minut na jedną kawę.",
    "Polecam, wszystko działa jak należy.",
    "O aplicativo não abre desde a última atualização, uma vergonha.",
    "Atendimento excelente, resolveram tudo em cinco minutos.",
    "Die Lieferung war pünktlich, nur die Verpackung könnte stabiler sein.",
    "Katastrophe. Nie wieder.",
    "Le personnel est adorable mais les prix ont doublé en un an.",
    "El pedido llegó incompleto y nadie contesta el teléfono.",
    "Ottimo rapporto qualità prezzo, lo consiglio!",
    "De website is traag en onoverzichtelijk.",
    "Objednávka přišla rychle, děkuji.",
    "How do I change the address of my order?",
    "not bad at all :)",
    "I waited so long that I forgot what I had ordered, 10/10 would starve again",
    "服务很好 and the room was clean",
    "sooooo goooood!!!!!!!!! <3",
]


def main():
    model_dir, out = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in restore(model_dir).items()}
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
    encoder = from_hugging_face(tensors, range(layers)).eval()
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    rows = []
    with torch.inference_mode():
        for text in TEXTS:
            ids = tokenizer.encode(PREFIX + text).ids
            mask = torch.ones(1, len(ids), dtype=torch.long)
            pooled = mean_pool(encoder(torch.tensor([ids]), mask)[-1], mask)[0]
            logits = tensors["heads.sentiment.weight"] @ pooled + tensors["heads.sentiment.bias"]
            rows.append({"text": text, "ids": ids, "logits": [round(float(v), 5) for v in logits]})
    out.write_text("[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
