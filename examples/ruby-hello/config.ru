# frozen_string_literal: true

# A countdown, as a body that is made line by line.
class Countdown
  def initialize(from)
    @from = from
  end

  def each
    @from.downto(1) { |left| yield "#{left}\n" }
  end
end

TEXT = { "content-type" => "text/plain; charset=utf-8" }.freeze

map "/countdown" do
  run ->(_) { [200, TEXT.dup, Countdown.new(10)] }
end

run lambda { |environ|
  return [404, TEXT.dup, ["there is nothing here\n"]] unless environ["PATH_INFO"] == "/"

  [200, TEXT.dup, ["Hello from Ruby #{RUBY_VERSION}\n"]]
}
