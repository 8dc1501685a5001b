import { Engine as EngineKind } from "../proto/gen/slice.js";
import type { Engine, EngineParts } from "./engine.js";
import { openClassicEngine } from "./engineClassic.js";
import { openFusedEngine } from "./engineFused.js";

/** Connects the engine that the slice asks for. @throws when a connection cannot be opened or lacks what is needed */
export function openEngine(parts: EngineParts): Promise<Engine> {
	return parts.slice.engine === EngineKind.FUSED ? openFusedEngine(parts) : openClassicEngine(parts);
}
