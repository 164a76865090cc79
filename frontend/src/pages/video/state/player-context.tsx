import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react'
import type { Player, PlayState } from './player.ts'

const PlayerContext = createContext<Player | null>(null)

export function PlayerProvider({ player, children }: { player: Player; children: ReactNode }) {
  return <PlayerContext value={player}>{children}</PlayerContext>
}

export function usePlayer(): Player {
  const player = useContext(PlayerContext)
  if (!player) throw new Error('usePlayer outside of PlayerProvider')
  return player
}

/**
 * A part of the player's state; renders again only when that part changes. `select` must give the
 * same value for the same state: a number, a string, or an object that is kept elsewhere.
 */
export function usePlayState<T>(select: (state: PlayState) => T): T {
  const player = usePlayer()
  return useSyncExternalStore(player.subscribe, () => select(player.state))
}
