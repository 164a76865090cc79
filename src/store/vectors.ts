/** pgvector's text form of a vector: `[0.1,0.2,…]`. */
export function toVectorText(vector: Float32Array): string {
  return `[${vector.join(',')}]`
}
