import type { DetectorManifest } from '../manifest.ts'
import { COCO_CLASSES } from './coco-classes.ts'

const ULTRALYTICS_NOTE =
  'Ultralytics holds that any use of these weights puts the whole project under AGPL-3.0 or needs its Enterprise licence. YOLO_MODEL=yolox-nano is Apache-2.0.'

/** YOLOv8n as its authors export it; 37.3 AP on COCO. */
export const yolov8n: DetectorManifest = {
  name: 'yolov8n',
  kind: 'detector',
  revision: '85bc8d7ab30d4065a41909d756c42819b67b4388',
  licence: 'AGPL-3.0-only',
  licenceNote: ULTRALYTICS_NOTE,
  dims: null,
  family: 'yolov8',
  classes: COCO_CLASSES,
  files: [
    {
      role: 'model',
      path: 'yolov8n.onnx',
      url: 'webml/yolov8n/resolve/85bc8d7ab30d4065a41909d756c42819b67b4388/onnx/yolov8n.onnx',
      mirrors: [],
      bytes: 12_823_574,
      sha256: '190ba5f1e61411a001683e349d6b2cdb0804c0dc67a5e34cd8ff6fd00ee54b4d',
    },
  ],
}

/** YOLOX-nano, release 0.1.1rc0 of Megvii; 25.8 AP on COCO at 416 x 416. */
export const yoloxNano: DetectorManifest = {
  name: 'yolox-nano',
  kind: 'detector',
  revision: '0.1.1rc0',
  licence: 'Apache-2.0',
  dims: null,
  family: 'yolox',
  classes: COCO_CLASSES,
  files: [
    {
      role: 'model',
      path: 'yolox_nano.onnx',
      url: 'Heliosoph/yolox-onnx/resolve/9206d80cbad9ed54986edeff8d7457eb5333882a/yolox_nano.onnx',
      mirrors: [
        'https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx',
      ],
      bytes: 3_659_407,
      sha256: 'c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d',
    },
  ],
}

/** D-FINE nano: 42.8 AP on COCO, no non-maximum suppression needed. The hash pins the content. */
export const dfineNano: DetectorManifest = {
  name: 'dfine-nano',
  kind: 'detector',
  revision: 'b0ec2e5793f3',
  licence: 'Apache-2.0',
  dims: null,
  family: 'dfine',
  classes: COCO_CLASSES,
  files: [
    {
      role: 'model',
      path: 'dfine_nano.onnx',
      url: 'AnnotateIt/dfine-nano-coco-onnx/resolve/main/model.onnx',
      mirrors: [],
      bytes: 15_434_935,
      sha256: 'b0ec2e5793f3a3cbd07440d098645a0e102cd450fb92f4f35e713f36e35d152e',
    },
  ],
}

/** FastestDet, one megabyte; 25 AP50 on COCO: quick and rough. The hash is that of the file tested. */
export const fastestDet: DetectorManifest = {
  ...byHand('fastestdet', 'FastestDet.onnx', 'fastestdet'),
  licence: 'BSD-3-Clause',
  origin: 'The file lies in example/onnx-runtime of the repository dog-qiuqiu/FastestDet.',
  files: [
    {
      ...byHandFile('FastestDet.onnx'),
      bytes: 998_169,
      sha256: '31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880',
    },
  ],
}

/**
 * Detectors whose layout is known and tested on tensors made by hand, and of which no download of known
 * content is: their files are put into a models folder, and what they make is recorded under the
 * hash of the file that is there.
 */
export const BY_HAND: readonly DetectorManifest[] = [
  ...['yolov8s', 'yolo11n'].map((name) => ({
    ...byHand(name, `${name}.onnx`, 'yolov8'),
    licence: 'AGPL-3.0-only',
    licenceNote: ULTRALYTICS_NOTE,
    origin: `\`yolo export model=${name}.pt format=onnx dynamic=True\` of the Python package ultralytics makes it.`,
  })),
  ...['tiny', 's'].map((size) => ({
    ...byHand(`yolox-${size}`, `yolox_${size}.onnx`, 'yolox'),
    origin: `It is a file of release 0.1.1rc0 of Megvii-BaseDetection/YOLOX.`,
  })),
  {
    ...byHand('dfine-small', 'dfine_small.onnx', 'dfine'),
    origin: 'tools/deployment/export_onnx.py of Peterande/D-FINE makes it.',
  },
  {
    ...byHand('rtdetr-r18', 'rtdetr_r18.onnx', 'rtdetr'),
    origin:
      'onnx-community/rtdetr_r18vd on the hub has an export, tools/export_onnx.py of lyuwenyu/RT-DETR makes one.',
  },
]

function byHand(
  name: string,
  file: string,
  family: DetectorManifest['family'],
): DetectorManifest & { licence: string } {
  return {
    ...{ name, kind: 'detector', revision: 'local', licence: 'Apache-2.0', dims: null, family },
    classes: COCO_CLASSES,
    files: [byHandFile(file)],
  }
}

function byHandFile(path: string): DetectorManifest['files'][number] {
  return { role: 'model', path, url: null, mirrors: [], bytes: null, sha256: null }
}
