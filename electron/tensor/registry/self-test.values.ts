/**
 * What the self-test must give, from tfjs's reference backend: conv, loss, product, then the parameters after the step,
 * each as its sum and its weighted sum. Made by `node tests/golden/tensor/self-test-values.ts`.
 */
export const stored: readonly number[] = [
  0.6127740293741226, 2.272410164324528, 35.44106317870319, -4.447754226715707, 3.16941499710083, 3.16941499710083,
  0.08664979273453355, 2.100619152379671, 2.5670027686282992, -0.21775735297363785, 0.6732408553361893, 0.43329448699403306,
]
