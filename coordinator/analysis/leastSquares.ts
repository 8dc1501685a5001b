/** A row of a linear model: `weight · (target − Σ coefficient·factor)²` is what is made small. */
export interface Row {
	readonly factors: readonly number[];
	readonly target: number;
	readonly weight: number;
}

/**
 * Coefficients of the weighted least squares by the normal equations, each free one; those that `isFree` leaves out are 0.
 * Undefined where the rows do not determine them.
 */
export function leastSquares(rows: readonly Row[], isFree: readonly boolean[]): number[] | undefined {
	const free = isFree.flatMap((is, index) => (is ? [index] : []));
	const matrix = free.map((i) =>
		free.map((j) => rows.reduce((sum, { factors, weight }) => sum + weight * at(factors, i) * at(factors, j), 0)),
	);
	const right = free.map((i) => rows.reduce((sum, row) => sum + row.weight * at(row.factors, i) * row.target, 0));
	const solution = solve(matrix, right);
	if (solution === undefined) return undefined;
	return isFree.map((_, index) => (free.includes(index) ? at(solution, free.indexOf(index)) : 0));
}

/** Solves a linear system by Gaussian elimination with partial pivoting; undefined where it is singular. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | undefined {
	const size = right.length;
	const rows = matrix.map((row, index) => [...row, at(right, index)]);
	for (let column = 0; column < size; column++) {
		const below = rows.slice(column).map((row) => Math.abs(at(row, column)));
		const pivot = column + below.indexOf(Math.max(...below));
		const pivotRow = rows[pivot];
		const topRow = rows[column];
		if (pivotRow === undefined || topRow === undefined || Math.abs(at(pivotRow, column)) < Number.MIN_VALUE / 1e-16) {
			return undefined;
		}
		rows[pivot] = topRow;
		rows[column] = pivotRow;
		for (const [index, row] of rows.entries()) {
			if (index === column) continue;
			const share = at(row, column) / at(pivotRow, column);
			for (let cell = column; cell <= size; cell++) row[cell] = at(row, cell) - share * at(pivotRow, cell);
		}
	}
	const solution = rows.map((row, index) => at(row, size) / at(row, index));
	return solution.every(Number.isFinite) ? solution : undefined;
}

function at(values: readonly number[], index: number): number {
	return values[index] ?? 0;
}
