// A Go program that runs on and calls with net/http. See caller-program.ts for what is spoken.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// openClient reads one generation. RootCAs is never nil with a bundle, so the system's roots have no say.
func openClient(folder, mode string) (*http.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS13}
	if mode != "system-roots" {
		bundle, err := os.ReadFile(filepath.Join(folder, "bundle.pem"))
		if err != nil {
			return nil, err
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(bundle) {
			return nil, fmt.Errorf("no certificate in the bundle of %s", folder)
		}
	}
	if mode != "no-certificate" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "key.pem"))
		if err != nil {
			return nil, err
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: settings}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}, nil
}

func call(client *http.Client, url string) (string, error) {
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", response.Status)
	}
	return strings.TrimSpace(string(body)), err
}

// answer calls with the newest generation. The link is read once, so that certificate and key are of one
// generation; a new generation is a new client, as the old one keeps what it has read.
func answer(live, mode, url string, held *string, client **http.Client) (string, error) {
	folder, err := filepath.EvalSymlinks(live)
	if err != nil {
		return "", err
	}
	if folder != *held {
		opened, err := openClient(folder, mode)
		if err != nil {
			return "", err
		}
		if *client != nil {
			(*client).CloseIdleConnections()
		}
		*held, *client = folder, opened
	}
	return call(*client, url)
}

func main() {
	live, mode := os.Args[1], os.Args[2]
	var held string
	var client *http.Client
	for urls := bufio.NewScanner(os.Stdin); urls.Scan(); {
		text, err := answer(live, mode, urls.Text(), &held, &client)
		if err != nil {
			text = "refused: " + err.Error()
		}
		fmt.Println(text)
	}
}
