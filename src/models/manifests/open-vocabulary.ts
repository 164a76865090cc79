import type { OpenVocabularyManifest } from '../manifest.ts'

/**
 * OWLv2 base, patch 16, ensemble, as exported for transformers.js. Image and text are prepared as by its
 * processor in Hugging Face transformers (CLIP's mean and deviation, a square padded below and at the
 * right, texts of 16 tokens); 0.1 is the threshold of that library's own post-processing.
 */
export const owlv2Base: OpenVocabularyManifest = {
  name: 'owlv2-base',
  kind: 'open-vocabulary',
  revision: 'local',
  licence: 'Apache-2.0',
  origin:
    'Xenova/owlv2-base-patch16-ensemble on the hub has both: onnx/model.onnx (614 MB) and tokenizer.json.',
  dims: null,
  files: [file('model', 'owlv2-base/model.onnx'), file('tokenizer', 'owlv2-base/tokenizer.json')],
  image: {
    input: 'pixel_values',
    size: 960,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
  },
  text: {
    ids: 'input_ids',
    mask: 'attention_mask',
    maxTokens: 16,
    padId: 0,
    template: 'a photo of a {}',
  },
  output: { logits: 'logits', boxes: 'pred_boxes' },
  minConfidence: 0.1,
}

function file(role: 'model' | 'tokenizer', path: string) {
  return { role, path, url: null, mirrors: [], bytes: null, sha256: null }
}
