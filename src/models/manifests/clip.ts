import type { EmbeddingManifest } from '../manifest.ts'

const XENOVA = 'Xenova/clip-vit-base-patch32/resolve/d15189d7028b43f1d3e65039190477f6af591c2a'
const IMMICH =
  'immich-app/ViT-B-32__laion2b-s34b-b79k/resolve/19a057a0fb927cf239541300e74237cd56c7ffe2'

/** Preprocessing of openai/CLIP (preprocessor_config.json of openai/clip-vit-base-patch32). */
const CLIP_MEAN: [number, number, number] = [0.48145466, 0.4578275, 0.40821073]
const CLIP_STD: [number, number, number] = [0.26862954, 0.26130258, 0.27577711]

/**
 * Both ViT-B/32 models use the same byte-pair vocabulary of 49,408 tokens. Padding with the
 * end-of-text token changes nothing: attention is causal and the first end token is pooled.
 */
const CLIP_TEXT = { maxTokens: 77, padId: 49_407, mask: null }
const clipTokenizer = (path: string) => ({
  role: 'tokenizer' as const,
  path,
  url: `${XENOVA}/tokenizer.json`,
  mirrors: [],
  bytes: 2_224_119,
  sha256: 'f7f3b7af117d467b58374797691a6438d3e6b9e9cef800dfd5dced7f697a90cd',
})

/** CLIP ViT-B/32 with OpenAI's weights, fp32: 63.3 % ImageNet zero-shot. */
export const clipOpenai: EmbeddingManifest = {
  name: 'ViT-B-32/openai',
  kind: 'image-text-embedding',
  revision: 'd15189d7028b43f1d3e65039190477f6af591c2a',
  licence: 'MIT',
  licenceNote:
    'MIT is the licence of the openai/CLIP repository; the model pages on the hub declare none.',
  dims: 512,
  files: [
    {
      role: 'image',
      path: 'clip-vit-b-32-openai/vision_model.onnx',
      url: `${XENOVA}/onnx/vision_model.onnx`,
      mirrors: [],
      bytes: 351_685_709,
      sha256: 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
    },
    {
      role: 'text',
      path: 'clip-vit-b-32-openai/text_model.onnx',
      url: `${XENOVA}/onnx/text_model.onnx`,
      mirrors: [],
      bytes: 254_058_553,
      sha256: '3f6571f5bad13a97c469c1622e1cfc4d9aef78b79fdbfcff804ca357bfada8cc',
    },
    clipTokenizer('clip-vit-b-32-openai/tokenizer.json'),
  ],
  image: {
    input: 'pixel_values',
    output: 'image_embeds',
    size: 224,
    mean: CLIP_MEAN,
    std: CLIP_STD,
  },
  text: { ids: 'input_ids', output: 'text_embeds', ...CLIP_TEXT },
}

/** The same network trained on LAION-2B: 66.6 % ImageNet zero-shot at the same cost. */
export const clipLaion: EmbeddingManifest = {
  name: 'ViT-B-32/laion2b_s34b_b79k',
  kind: 'image-text-embedding',
  revision: '19a057a0fb927cf239541300e74237cd56c7ffe2',
  licence: 'MIT',
  dims: 512,
  files: [
    {
      role: 'image',
      path: 'clip-vit-b-32-laion2b/visual/model.onnx',
      url: `${IMMICH}/visual/model.onnx`,
      mirrors: [],
      bytes: 351_613_724,
      sha256: 'b9ce24b91a8c62ef8d40ea786051709c93140104cbf2b6b4a2cc270df3838f9c',
    },
    {
      role: 'text',
      path: 'clip-vit-b-32-laion2b/textual/model.onnx',
      url: `${IMMICH}/textual/model.onnx`,
      mirrors: [],
      bytes: 254_193_396,
      sha256: '48c25be37b352398f2533c9426dab6f9340535e14e46f884cc894236a5060722',
    },
    clipTokenizer('clip-vit-b-32-laion2b/tokenizer.json'),
  ],
  image: { input: 'image', output: 'embedding', size: 224, mean: CLIP_MEAN, std: CLIP_STD },
  text: { ids: 'text', output: 'embedding', ...CLIP_TEXT },
}

/**
 * A small pair with CLIP's interface but not CLIP, put in place by hand. Its own `model.json` is
 * read when it is there; this entry only lets a missing one be named.
 */
export const miniVl: EmbeddingManifest = {
  name: 'mini-vl',
  kind: 'image-text-embedding',
  revision: '1',
  licence: 'Apache-2.0',
  dims: 512,
  files: (['image', 'text', 'tokenizer'] as const).map((role) => ({
    role,
    path: `mini-vl/${role === 'tokenizer' ? 'tokenizer.json' : `${role}.onnx`}`,
    url: null,
    mirrors: [],
    bytes: null,
    sha256: null,
  })),
  image: {
    input: 'pixel_values',
    output: 'image_embeds',
    size: 224,
    mean: CLIP_MEAN,
    std: CLIP_STD,
  },
  text: {
    ids: 'input_ids',
    mask: 'attention_mask',
    output: 'text_embeds',
    maxTokens: 128,
    padId: 0,
  },
}
