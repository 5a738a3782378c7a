/** The grade shapes as images for the map, drawn on a canvas from the same description as the badges. */
import type { Map as MapLibreMap } from 'maplibre-gl'

import { GRADES } from '@/api/model'
import { GRADE_LOOKS, type GradeLook } from '@/grade/shape'

const SIZE_PX = 30
const RATIO = 2

/** Adds `grade-1` .. `grade-4` (tickets) and `bare-1` .. `bare-4` (incidents without a ticket: hollow). */
export function addGradeImages(map: MapLibreMap): void {
  for (const grade of GRADES) {
    const look = GRADE_LOOKS[grade]
    put(map, `grade-${String(grade)}`, draw(look, false))
    put(map, `bare-${String(grade)}`, draw(look, true))
  }
}

function put(map: MapLibreMap, name: string, image: ImageData | null): void {
  if (image !== null && !map.hasImage(name)) map.addImage(name, image, { pixelRatio: RATIO })
}

function draw(look: GradeLook, hollow: boolean): ImageData | null {
  const side = SIZE_PX * RATIO
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const pen = canvas.getContext('2d')
  if (pen === null) return null
  const margin = 3 * RATIO
  const scale = (side - 2 * margin) / 100
  pen.translate(margin, margin)
  pen.scale(scale, scale)
  pen.lineJoin = 'round'

  trace(pen, look, 1)
  // A light rim keeps the shape readable on any ground.
  pen.strokeStyle = '#ffffff'
  pen.lineWidth = 14
  pen.stroke()
  pen.fillStyle = hollow ? '#ffffff' : look.fill
  pen.fill()
  if (hollow || look.borders.length > 0) {
    pen.strokeStyle = hollow ? look.fill : '#33261a'
    pen.lineWidth = hollow ? 12 : (look.borders[0] ?? 0)
    pen.stroke()
  }
  if (!hollow && look.borders.length > 1) {
    trace(pen, look, 0.76)
    pen.strokeStyle = look.ink
    pen.lineWidth = look.borders[1] ?? 0
    pen.stroke()
  }
  pen.fillStyle = hollow ? '#14202b' : look.ink
  pen.font = `800 ${String(look.numeralSize)}px Georgia, "Noto Serif", "Times New Roman", serif`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(look.numeral, look.middle[0], look.middle[1] + 2)
  return pen.getImageData(0, 0, side, side)
}

function trace(pen: CanvasRenderingContext2D, look: GradeLook, scale: number): void {
  const [x0, y0] = look.middle
  pen.beginPath()
  if (look.corners.length === 0) {
    pen.arc(50, 50, 48 * scale, 0, Math.PI * 2)
  } else {
    look.corners.forEach(([x, y], index) => {
      const to: [number, number] = [x0 + (x - x0) * scale, y0 + (y - y0) * scale]
      if (index === 0) pen.moveTo(...to)
      else pen.lineTo(...to)
    })
  }
  pen.closePath()
}
