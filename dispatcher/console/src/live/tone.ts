/** Short tones for new grave tickets: two-tone for I, three short ones for II; the rest is silent. */

interface Beep {
  hertz: number
  at_s: number
  for_s: number
}

const TONES: Readonly<Record<number, readonly Beep[]>> = {
  1: [0, 0.5, 1, 1.5].flatMap((at_s) => [
    { hertz: 880, at_s, for_s: 0.22 },
    { hertz: 620, at_s: at_s + 0.25, for_s: 0.22 },
  ]),
  2: [0, 0.28, 0.56].map((at_s) => ({ hertz: 740, at_s, for_s: 0.14 })),
}

let context: AudioContext | null = null

/** Sounds the tone of a grade, if it has one. A browser that wants a gesture first stays silent until there was one. */
export function sound(grade: number): void {
  const tone = TONES[grade]
  if (tone === undefined) return
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  const start_s = context.currentTime + 0.02
  for (const beep of tone) {
    const voice = context.createOscillator()
    const level = context.createGain()
    voice.frequency.value = beep.hertz
    level.gain.setValueAtTime(0.18, start_s + beep.at_s)
    level.gain.setTargetAtTime(0, start_s + beep.at_s + beep.for_s, 0.02)
    voice.connect(level).connect(context.destination)
    voice.start(start_s + beep.at_s)
    voice.stop(start_s + beep.at_s + beep.for_s + 0.15)
  }
}
