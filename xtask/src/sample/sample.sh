# Makes a log as a team would keep it, and reports on it in every form. Wants: ai-audit on the path, an
# empty folder to work in, and perhaps CORPUS, a file of conversations.
set -euo pipefail

# --- The log, with a redaction policy and a promise -----------------------------------------------
cat > redaction.json <<'JSON'
{"version": 1, "default": "redact", "kinds": {"CREDIT_CARD": "mask"}}
JSON
OFFICER=$(ai-audit review keygen officer-1.pem -q)
SECOND=$(ai-audit review keygen officer-2.pem -q)
echo "reviewers: $OFFICER $SECOND"
ai-audit init audit --name example.org/airline --tenant "Example Airline" \
    --redaction redaction.json --policy retention-days=400
if [ -n "${CORPUS:-}" ]; then
    ai-audit record audit "$CORPUS" --format openai-messages --messages-at traj
else
    echo "SKIPPED: tau-bench: ../shared is absent"
fi

# --- Decisions with checks; behind the same name, another model comes after the 3,000th ------------
awk '
function draw() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
BEGIN {
  seed = 11
  for (n = 1; n <= 4000; n++) {
    new = n > 3000
    score = draw() ^ 3
    if (new) score = 0.6 * score + 0.4 * draw()
    limit = new ? 0.9 : 0.985
    fired = score > limit
    action = fired ? "reject" : "allow"
    if (!fired && draw() < (new ? 0.01 : 0.002)) { action = "escalate"; cases++ }
    printf "{\"input\":\"question %d\",\"output\":\"answer %d\",\"provider\":\"example\",\"model\":\"%s\",", n, n, n % 5 ? "gpt-4o" : "gpt-4o-mini"
    printf "\"operation\":\"chat\",\"action\":\"%s\",\"trace_id\":\"%s\",", action, action == "escalate" ? "case-" cases : "chat-" int(n / 4)
    printf "\"session_id\":\"s-%d\",\"actor\":\"agent-7\",\"config\":{\"release\":%d},", int(n / 40), new ? 2 : 1
    if (fired) printf "\"reason_codes\":[\"toxicity\"],"
    if (n % 50 == 1) printf "\"tags\":[\"notice-shown\"],"
    printf "\"checks\":[{\"name\":\"toxicity\",\"version\":\"3\",\"score\":%.4f,\"threshold\":%.3f,\"fired\":%s},", score, limit, fired ? "true" : "false"
    printf "{\"name\":\"pii\",\"version\":\"1\",\"score\":%.4f,\"threshold\":0.5,\"fired\":false}],", draw() * 0.4
    printf "\"output_tokens\":%d,\"duration_ms\":%d}\n", 100 + n % 300, 400 + n % 900
  }
}' > decisions.jsonl
ai-audit record audit decisions.jsonl

# --- A contract, and states held against it --------------------------------------------------------
cat > refunds.yaml <<'YAML'
name: refunds
version: "1.0.0"
description: no refund without a prior look-up
invariants:
  hard:
    - name: no-refund-without-look-up
      check:
        field: tool
        expr: "value not in ['cancel_reservation', 'send_certificate'] or looked_up"
  soft:
    - name: tool-works
      check: {field: failed, equals: false}
YAML
awk 'BEGIN {
  for (n = 1; n <= 60; n++) {
    back = n % 6 == 0
    printf "{\"session\":\"s-%d\",\"tool\":\"%s\",\"looked_up\":%s,\"failed\":%s}\n", int(n / 6), \
      back ? "cancel_reservation" : "get_reservation_details", n == 30 ? "false" : "true", n % 17 ? "false" : "true"
  }
}' > states.jsonl
# It ends with 1: one state breaks the hard rule.
ai-audit contract record audit refunds.yaml states.jsonl --session session -q || [ $? -eq 1 ]

# --- Escalated decisions are reviewed, but for some -------------------------------------------------
seq_of() { ai-audit log audit --trace "$1" --kind decision -n 1 | awk 'NR == 2 { print $1 }'; }
review() { # case, key, reviewer, verdict
    local seq; seq=$(seq_of "$1")
    ai-audit prove audit "$seq" -o "$1.proof" --force -q
    ai-audit review sign "$1.proof" --key "$2" "--$4" --reviewer "$3" --comment "read the conversation" -o "$1-$3.review" -q
    ai-audit review add audit "$1-$3.review" -q
}
for n in 1 2 3 4; do review "case-$n" officer-1.pem officer-1 approve; done
review case-5 officer-1.pem officer-1 reject
review case-5 officer-2.pem officer-2 reject

# --- Incidents: one reported in time and closed, one overdue ----------------------------------------
NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)
PAST=$(date -u -d '20 days ago' +%Y-%m-%dT%H:%M:%SZ 2> /dev/null || date -u -v-20d +%Y-%m-%dT%H:%M:%SZ)
ai-audit incident open audit --class serious --category wrong-advice --aware-at "$NOW" --about "$(seq_of case-5)" -q
FIRST=$(ai-audit incident list audit --json | sed -n 's/^ *"opened": \([0-9]*\).*/\1/p' | tail -n 1)
ai-audit incident report audit "$FIRST" --authority "market surveillance authority" --reference SI-31 --reported-at "$NOW" -q
ai-audit incident close audit "$FIRST" -q
ai-audit incident open audit --class serious --category outage --aware-at "$PAST" --about "$(seq_of case-6)" -q

# --- What the auditor gets, and the report in every form ---------------------------------------------
cat > bom.json <<'JSON'
{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
 "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
 "components": [{"type": "machine-learning-model", "name": "gpt-4o", "version": "2024-11-20"}]}
JSON
ai-audit checkpoint audit -o kept.note -q
# A conversation with tool calls, where there is one.
CASE=$(ai-audit log audit --kind tool_intent -n 1 --reverse --json | sed -n 's/^ *"trace_id": "\(.*\)".*/\1/p')
sleep 1 # a report is not of a time before its newest receipt
TRUST="--key audit/log.pub --checkpoint kept.note --at $(date -u +%Y-%m-%dT%H:%M:%SZ)"
ai-audit report audit $TRUST --ml-bom bom.json --case "${CASE:-case-5}" \
    -o report.html -o report.pdf -o report.md -o report.csv -o report.json -o oscal.json
ai-audit verify report.html.note --key audit/log.pub --require integrity,attribution
ai-audit export audit -o package.zip --report report.html --report report.pdf --report oscal.json
ai-audit verify package.zip --key audit/log.pub --checkpoint kept.note

# --- An auditor makes the report again: the same bytes -----------------------------------------------
mkdir again
ai-audit report package.zip $TRUST --ml-bom bom.json --case "${CASE:-case-5}" \
    -o again/report.html -o again/report.pdf -o again/report.md -o again/report.csv -o again/report.json -o again/oscal.json
for file in report.html report.pdf report.md report.csv report.json oscal.json; do
    cmp "$file" "again/$file" && echo "$file: made again, the same bytes"
done
