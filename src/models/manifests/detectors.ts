import type { DetectorManifest } from '../manifest.ts'
import { COCO_CLASSES } from './coco-classes.ts'

/** YOLOv8n as its authors export it; 37.3 AP on COCO. */
export const yolov8n: DetectorManifest = {
  name: 'yolov8n',
  kind: 'detector',
  revision: '85bc8d7ab30d4065a41909d756c42819b67b4388',
  licence: 'AGPL-3.0-only',
  licenceNote:
    'Ultralytics holds that any use of these weights puts the whole project under AGPL-3.0 or needs its Enterprise licence. YOLO_MODEL=yolox-nano is Apache-2.0.',
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
