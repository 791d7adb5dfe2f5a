package dynamotest

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
)

// Refuse answers as AWS does with an error of the service. The particulars are
// further members of the body.
func Refuse(status int, code string, particulars map[string]any) Reply {
	return func(request *http.Request, _ http.RoundTripper) (*http.Response, error) {
		body := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": code + ", says the test"}
		for name, value := range particulars {
			body[name] = value
		}
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		return &http.Response{
			StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
			Header: http.Header{
				"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Requestid": {"test"},
				"X-Amz-Crc32": {strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 10)},
			},
			Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)),
		}, nil
	}
}

// Throttle answers that the table's throughput is exceeded.
func Throttle() Reply {
	return Refuse(http.StatusBadRequest, "ProvisionedThroughputExceededException", nil)
}

// Cancel answers that a transaction was cancelled, with a code for each of its
// items.
func Cancel(codes ...string) Reply {
	reasons := make([]map[string]string, len(codes))
	for i, code := range codes {
		reasons[i] = map[string]string{"Code": code}
	}
	return Refuse(http.StatusBadRequest, "TransactionCanceledException", map[string]any{"CancellationReasons": reasons})
}

// LoseReply has the request carried out, calls after, and then reports an
// error of the network.
func LoseReply(err error, after func()) Reply {
	return func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		response, failed := next.RoundTrip(request)
		if failed != nil {
			return nil, failed
		}
		if failed := response.Body.Close(); failed != nil {
			return nil, failed
		}
		if after != nil {
			after()
		}
		return nil, err
	}
}

// Drop reports an error of the network and does not pass the request on.
func Drop(err error) Reply {
	return func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, err }
}

// Hang waits for the end of the request's context. Then, if late is set, it
// passes the request on after all, as a server that was slow.
func Hang(late bool) Reply {
	return func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		<-request.Context().Done()
		if late {
			return LoseReply(request.Context().Err(), nil)(cloneDetached(request), next)
		}
		return nil, request.Context().Err()
	}
}

// Before calls a function and passes the request on.
func Before(do func()) Reply {
	return func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		do()
		return next.RoundTrip(request)
	}
}

func cloneDetached(request *http.Request) *http.Request {
	return request.WithContext(context.WithoutCancel(request.Context()))
}

// Inspect shows the body of the request and passes it on.
func Inspect(look func(body []byte)) Reply {
	return func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		look(body)
		request = request.Clone(request.Context())
		request.Body = io.NopCloser(bytes.NewReader(body))
		return next.RoundTrip(request)
	}
}
