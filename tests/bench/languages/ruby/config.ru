# frozen_string_literal: true

# Answered by wasgi and Puma alike.
run ->(_environ) { [200, { "content-type" => "text/plain" }, ["hello\n"]] }
