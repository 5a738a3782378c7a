-- What the rulebook is read from.

-- name: read_risk_matrix :many
SELECT version, consequence, likelihood, grade FROM risk_matrix WHERE version = (SELECT max(version) FROM risk_matrix);
