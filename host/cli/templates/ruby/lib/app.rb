# frozen_string_literal: true

# A web application: `call` answers a request, as Rack has it.
class App
  TEXT = { "content-type" => "text/plain; charset=utf-8" }.freeze

  def call(environ)
    case [environ["REQUEST_METHOD"], environ["PATH_INFO"]]
    in ["GET" | "HEAD", "/"] then text("Hello from app-name\n")
    in ["POST", "/count"] then text("#{words(environ["rack.input"].read)} words\n")
    else text("Not found\n", 404)
    end
  end

  private

  def text(content, status = 200)
    [status, TEXT.dup, [content]]
  end

  def words(text)
    text.split.size
  end
end
