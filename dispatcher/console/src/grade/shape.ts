/** How a grade looks, whoever draws it: a shape, a numeral, a colour and a border, so that colour is never alone. */
import type { Grade } from '@/api/model'

export interface GradeLook {
  numeral: string
  fill: string
  ink: string
  /** Corners in a box of 100 x 100; none for the circle. */
  corners: readonly (readonly [number, number])[]
  /** Where the numeral's middle stands. */
  middle: readonly [number, number]
  numeralSize: number
  /** Widths of the borders from the outside in, in hundredths of the box; ink and fill take turns. */
  borders: readonly number[]
}

const EDGE = 29.3

export const GRADE_LOOKS: Readonly<Record<Grade, GradeLook>> = {
  1: {
    numeral: 'I',
    fill: '#B00020',
    ink: '#FFFFFF',
    corners: [[EDGE, 2], [100 - EDGE, 2], [98, EDGE], [98, 100 - EDGE], [100 - EDGE, 98], [EDGE, 98], [2, 100 - EDGE], [2, EDGE]],
    middle: [50, 51],
    numeralSize: 50,
    borders: [6, 6],
  },
  2: {
    numeral: 'II',
    fill: '#D55E00',
    ink: '#FFFFFF',
    corners: [[50, 1], [99, 95], [1, 95]],
    middle: [50, 66],
    numeralSize: 44,
    borders: [9],
  },
  3: {
    numeral: 'III',
    fill: '#F0C000',
    ink: '#000000',
    corners: [[50, 1], [99, 50], [50, 99], [1, 50]],
    middle: [50, 51],
    numeralSize: 40,
    borders: [4],
  },
  4: {
    numeral: 'IV',
    fill: '#0F5FA8',
    ink: '#FFFFFF',
    corners: [],
    middle: [50, 51],
    numeralSize: 46,
    borders: [],
  },
}

/** The corners as SVG points, scaled about the shape's middle. */
export function points(look: GradeLook, scale = 1): string {
  const [x0, y0] = look.middle
  return look.corners.map(([x, y]) => `${round(x0 + (x - x0) * scale)},${round(y0 + (y - y0) * scale)}`).join(' ')
}

function round(value: number): string {
  return value.toFixed(1)
}
