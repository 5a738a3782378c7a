/** Colours of the map in both themes; grades keep theirs in each. */
import type { Theme } from '@/store/preferences'

export interface Palette {
  paper: string
  area: string
  areaOuter: string
  line: string
  label: string
  halo: string
  online: string
  offline: string
  selection: string
  /** Where much happens; grades keep their colours to themselves. */
  heat: string
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    paper: '#e4e9ed',
    area: '#f7f9fa',
    areaOuter: '#edf1f4',
    line: '#9aa8b4',
    label: '#2f3c47',
    halo: '#ffffff',
    online: '#4a6b82',
    offline: '#ffffff',
    selection: '#1c5d99',
    heat: '#6b4c8a',
  },
  dark: {
    paper: '#0b1015',
    area: '#1a232b',
    areaOuter: '#131a20',
    line: '#4a5a67',
    label: '#c3ced8',
    halo: '#10161c',
    online: '#7fa3bd',
    offline: '#10161c',
    selection: '#6cb0ec',
    heat: '#b79bd6',
  },
}
