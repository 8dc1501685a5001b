import { randomUUID } from "node:crypto";
import type { FusedQueue } from "../spool/fused.js";
import { Consumer } from "./fusedConsumer.js";
import type { Settling } from "./inHand.js";

/** A connection of the workers, and the consumer whose turns it carries: one at a time, since each begins where the last ended. */
export class Lane {
	consumer = newConsumer();
	/** A turn is under way. */
	isBusy = false;
	/** To leave with the next turn. */
	#settling: Settling[] = [];
	/** It had nothing to do when that was last asked. */
	#wasIdle = false;

	constructor(readonly queue: FusedQueue) {}

	get settling(): number {
		return this.#settling.length;
	}

	put(settling: Settling): void {
		this.#settling.push(settling);
	}

	/** @returns what settles next, at most so much */
	takeSettling(most: number): readonly Settling[] {
		if (this.#settling.length > most) return this.#settling.splice(0, most);
		const all = this.#settling;
		this.#settling = [];
		return all;
	}

	/** The consumer's lease is gone, and with it what it held. */
	forsake(consumer: Consumer): void {
		consumer.isLost = true;
		if (this.consumer === consumer) this.consumer = newConsumer();
	}

	/** @returns the consumer, if Redis knows of it, which then is another */
	retire(): Consumer | undefined {
		if (!this.consumer.isRegistered) return undefined;
		const { consumer } = this;
		this.consumer = newConsumer();
		return consumer;
	}

	/** Whether it holds nothing and has had nothing to do since this was last asked. */
	isIdle(): boolean {
		const isIdle = this.consumer.isRegistered && this.consumer.held === 0 && !this.isBusy;
		const wasIdle = this.#wasIdle;
		this.#wasIdle = isIdle;
		return isIdle && wasIdle;
	}
}

function newConsumer(): Consumer {
	return new Consumer(randomUUID());
}
