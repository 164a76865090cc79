export interface Rect {
  left: number
  top: number
  width: number
  height: number
}

/** Where a picture of `width` × `height` lies in a box that shows it whole and centred. */
export function letterbox(
  box: { width: number; height: number },
  picture: { width: number; height: number },
): Rect {
  if (picture.width <= 0 || picture.height <= 0 || box.width <= 0 || box.height <= 0)
    return { left: 0, top: 0, width: box.width, height: box.height }
  const scale = Math.min(box.width / picture.width, box.height / picture.height)
  const width = picture.width * scale
  const height = picture.height * scale
  return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height }
}
