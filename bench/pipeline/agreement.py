"""The same keyframes through torch: what the exact profile has to equal.

   python agreement.py NETWORKS FOLDER

NETWORKS holds clip_vitb32.pt and yolov8n.pt. FOLDER holds frames.json, a list of
{"picture": JPEG, "clip": float32 [3,224,224] file, "detector": float32 [3,h,w] file, "height", "width"}.
Writes into FOLDER clip.f32 and clip-from-pictures.f32 (vectors of length 1, [n, 512]; from our pixels, and
from the pictures by open_clip's own preprocessing) and detector-N.f32 (raw output [84, anchors] of frame N).
"""
import json
import os
import sys

os.environ.update(YOLO_OFFLINE='true', YOLO_AUTOINSTALL='false')
import numpy as np
import open_clip
import torch
from PIL import Image
from ultralytics import YOLO

networks, folder = sys.argv[1:3]
frames = json.load(open(f'{folder}/frames.json'))
torch.set_num_threads(os.cpu_count())


def unit(vectors):
    return (vectors / vectors.norm(dim=-1, keepdim=True)).numpy().astype(np.float32)


with torch.inference_mode():
    clip, _, preprocess = open_clip.create_model_and_transforms('ViT-B-32', pretrained=f'{networks}/clip_vitb32.pt')
    clip.eval()
    ours = [torch.from_numpy(np.fromfile(f['clip'], np.float32).reshape(3, 224, 224)) for f in frames]
    unit(clip.encode_image(torch.stack(ours))).tofile(f'{folder}/clip.f32')
    theirs = [preprocess(Image.open(f['picture'])) for f in frames]
    unit(clip.encode_image(torch.stack(theirs))).tofile(f'{folder}/clip-from-pictures.f32')
    detector = YOLO(f'{networks}/yolov8n.pt').model.fuse().eval()
    for n, f in enumerate(frames):
        pixels = np.fromfile(f['detector'], np.float32).reshape(1, 3, f['height'], f['width'])
        detector(torch.from_numpy(pixels))[0].numpy().astype(np.float32).tofile(f'{folder}/detector-{n}.f32')
