/**
 * pgvector's text form of a vector: `[0.1,0.2,…]`. Six decimals: more than half precision keeps,
 * and half the text of all digits.
 */
export function toVectorText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => value.toFixed(6)).join(',')}]`
}
