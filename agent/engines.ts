import { Engine as EngineKind, type Slice } from "../proto/gen/slice.js";
import type { Engine, EngineParts } from "./engine.js";
import { openClassicEngine } from "./engineClassic.js";
import { openFusedEngine } from "./engineFused.js";
import { PRIORITIES } from "./spool/keys.js";
import { LANES } from "./work/fusedWorkers.js";

/** How many connections to Redis an agent opens for a slice: the engine's, and one for what is done beside the load. */
export function connectionsOf({ engine, workers }: Slice): number {
	const listening = engine === EngineKind.FUSED && (workers?.count ?? 0) * (workers?.concurrency ?? 0) > 0;
	return CONTROL_SENDING_AND_WORKING + (listening ? LANES - 1 + PRIORITIES.length : 0);
}

const CONTROL_SENDING_AND_WORKING = 3;

/** Connects the engine that the slice asks for. @throws when a connection cannot be opened or lacks what is needed */
export function openEngine(parts: EngineParts): Promise<Engine> {
	return parts.slice.engine === EngineKind.FUSED ? openFusedEngine(parts) : openClassicEngine(parts);
}
